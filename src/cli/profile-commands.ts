import { json, team } from "./command.ts";
import type { Command, Option } from "./command.ts";

const profile: Option = {
  syntax: "--profile <NAME>",
  meaning: "its name: letters, digits, dot, dash (or NIGHTDESK_PROFILE; default: default)",
};

/** Profiles, and the shell. */
export const profileCommands: readonly Command[] = [
  {
    verb: "login",
    object: "profiles",
    summary: "keep address, pool and key under a name; the key from a prompt, a file or standard input",
    args: [],
    options: [profile, ...team.filter(({ syntax }) => !syntax.startsWith("--profile "))],
    examples: [
      "nightdesk login --url https://team.example --pool 2b8f... --profile night",
      "nightdesk login --url https://team.example --key-file key.txt",
    ],
    load: async () => ({ run: (await import("./login.ts")).runLogin }),
  },
  {
    verb: "logout",
    object: "profiles",
    summary: "forget a profile and its key; the key itself stays valid at the team",
    args: [],
    options: [profile, json],
    examples: ["nightdesk logout --profile night"],
    load: async () => ({ run: (await import("./login.ts")).runLogout }),
  },
  {
    verb: "profiles",
    object: "profiles",
    summary: "the profiles that are kept here, without their keys",
    args: [],
    options: [json],
    examples: ["nightdesk profiles"],
    load: async () => ({ run: (await import("./login.ts")).runProfiles }),
  },
  {
    verb: "completion",
    object: "shell",
    summary: "print what completes this command in a shell; source it, or put it where the shell looks",
    args: [{ syntax: "<SHELL>", meaning: "bash or zsh", values: ["bash", "zsh"] }],
    options: [],
    examples: ["nightdesk completion bash", "nightdesk completion zsh"],
    load: () => import("./completion.ts"),
  },
];
