import { portOption, textOption, UsageError } from "./context.ts";
import type { Run } from "./context.ts";

/** `nightdesk serve`: what it starts is handed in, so that no other command loads it. */
export const runServe: Run = async (input, { serve }) => {
  const home = textOption(input, "home");
  if (home === undefined) throw new UsageError("--home takes a folder");
  const host = textOption(input, "host");
  const port = portOption(input);
  const httpsPort = portOption(input, "httpsPort");
  const tlsCert = textOption(input, "tlsCert");
  const tlsKey = textOption(input, "tlsKey");
  const tlsNames = textOption(input, "tlsName")?.split(",");
  return serve({
    home,
    insecureHttp: input.options["insecureHttp"] === true,
    ...(host === undefined ? {} : { host }),
    ...(port === undefined ? {} : { port }),
    ...(httpsPort === undefined ? {} : { httpsPort }),
    ...(tlsCert === undefined ? {} : { tlsCert }),
    ...(tlsKey === undefined ? {} : { tlsKey }),
    ...(tlsNames === undefined ? {} : { tlsNames }),
  });
};

/** `nightdesk demo`. */
export const runDemo: Run = async (input, { demo }) => {
  const home = textOption(input, "home");
  const port = portOption(input);
  return demo({ ...(home === undefined ? {} : { home }), ...(port === undefined ? {} : { port }) });
};
