/** Body of a 400. */
export interface ValidationExceptionDescriptor {
  errors: {
    attribute: string | null;
    error: string | null;
    errorCode: string | null;
    additionalInfo: string | null;
  }[];
}

/** Body of every other error except 401. `reference` is the request's id, for the server's log. */
export interface ErrorTransport {
  title: string;
  status: number;
  detail: string;
  errorCode: string;
  reference: string;
  message: string;
  shortMessage: string;
}

/** Body of a 401; a wrong scheme is answered with a plain text instead. */
export interface UnauthorizedTransport {
  error: "Unauthorized";
}
