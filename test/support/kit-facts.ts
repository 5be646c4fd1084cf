import type { KitFacts } from "../../src/kit/index.ts";

/** Of a kit for a test; the address is one that nobody listens on. */
export function kitFacts(facts: Partial<KitFacts> = {}): KitFacts {
  return {
    language: "en",
    url: "http://127.0.0.1:1",
    pool: { id: "2b8f0000-0000-4000-8000-000000000001", name: "SAP ECC" },
    jobs: [{ id: "2b8f0000-0000-4000-8000-000000000002", name: "Finance documents" }],
    contact: "Basis on call, +81 3 1234 5678",
    key: { name: "kit", text: "CANARY-ndk_kit", prefix: "ndk_kit", expires: "2026-09-16 15:00:00 UTC" },
    made: "2026-06-18 15:00:00 UTC",
    version: "0.0.0-test",
    certificate: null,
    ...facts,
  };
}
