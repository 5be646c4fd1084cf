import type { Words } from "./book.ts";
import { forSchedulers, lookAgain, lookAt, stopIt, tryOut, withCurlAlone } from "./operator-commands.ts";

/** The run-book in English. */
export const english: Words = {
  answer: { running: "If something runs, the answer is", idle: "If nothing runs, the answer is" },
  code: "exit code",
  jobsHead: ["Job", "As the commands print it", "To stop only this job"],
  trust: {
    plain: {
      text: "The address {url} has no certificate: there is nothing that Windows has to trust.",
    },
    given: {
      text: "Windows has to trust the certificate of the server. It lies here as certificate.crt; its thumbprint (SHA-1) is {thumbprint}. Double-click it, compare the thumbprint under Details with the one that {contact} reads to you, then: Install Certificate, Current User, Trusted Root Certification Authorities. Or paste: certutil -user -addstore Root certificate.crt. Do it as the user under whom the commands run. If the certificate is already trusted by the domain, there is nothing to do.",
    },
    store: {
      text: "Windows has to trust the certificate of {url}. In most companies it does already, because its certification authority is in the Windows store of every PC; step 4 shows it. If not (curl exit code 35 or 60), ask {contact} for the certificate of the authority, double-click it, and: Install Certificate, Current User, Trusted Root Certification Authorities, as the user under whom the commands run.",
    },
  },
  book: [
    { kind: "title", text: "Run-book: stop the data jobs of {pool}" },
    {
      kind: "text",
      text: "The one question: does anything touch the source system of {pool}? STATUS.cmd asks it, and other pools of this server that read the same source count too. You may shut the source down only when the answer is NIGHTDESK CLEAR, or NIGHTDESK REPORTED CLEAR where you were told that this is enough. Whatever else comes, and whatever you are not sure of: do not shut down, call {contact}.",
    },
    {
      kind: "text",
      text: "Server: {url}. Pool: {poolId}. Key of this kit: {keyName}, {keyPrefix}..., which can look and stop in this pool and nothing else, until {expires}. Made {made} with Nightdesk {version}.",
    },
    { kind: "heading", text: "The jobs" },
    { kind: "jobs" },
    { kind: "heading", text: "1. Once, before the first night" },
    {
      kind: "preparation",
      steps: [
        {
          text: "If the kit came as a zip: right-click the zip, Properties, tick Unblock, OK; then Extract All. Keep all files together in one folder, lib included.",
        },
        {
          text: 'key.txt is the key: give it to nobody, and let only yourself read it. In a command window in this folder: icacls key.txt /inheritance:r /grant:r "%USERNAME%:R". If the folder was lost or copied by strangers, call {contact}: the key {keyPrefix}... can be revoked at once.',
        },
        {
          text: "Try it by day, in a command window in this folder. It only looks. An answer NIGHTDESK UNREACHABLE: see part 6.",
          commands: [tryOut],
        },
      ],
    },
    { kind: "heading", text: "2. The night" },
    {
      kind: "steps",
      steps: [
        {
          text: "Double-click STATUS.cmd. NIGHTDESK CLEAR: go to step 3. NIGHTDESK RUNNING: go to step 2. Anything else: go to step 4.",
          commands: [lookAt],
        },
        {
          text: "Double-click STOP.cmd. It shows what runs and asks; type STOP in capital letters and press Enter. Then wait: it takes up to four minutes, at most eleven. NIGHTDESK CLEAR: go to step 3. Anything else: go to step 4.",
          commands: [stopIt],
        },
        {
          text: "Right before the source is shut down, double-click STATUS.cmd once more: a schedule may have started something since, and another pool may read the same source. NIGHTDESK CLEAR: the source may be shut down. Note the time and the last line for the shift report. Anything else: go to step 2 once, then to step 4.",
          commands: [lookAgain],
        },
        {
          text: "Do not shut the source down. If the answer says until when to wait, wait until then and start STATUS.cmd again. Otherwise, or if nothing has changed by then: call {contact} and read the whole answer aloud. Until somebody decides you may start STATUS.cmd and STOP.cmd again as often as you like: neither can do harm, and a stop that was asked for goes on.",
        },
      ],
    },
    { kind: "heading", text: "3. What the words mean" },
    {
      kind: "table",
      head: ["Code", "First line", "Meaning", "Do"],
      rows: [
        ["0", "NIGHTDESK CLEAR", "Nothing runs or waits to run; proven at the source.", "Go on."],
        [
          "4",
          "NIGHTDESK REPORTED CLEAR",
          "The platform says so; the source was not seen.",
          "Go on only if you were told that this is enough.",
        ],
        ["10", "NIGHTDESK RUNNING", "Something runs or waits to run.", "STOP.cmd"],
        [
          "20",
          "NIGHTDESK UNKNOWN",
          "Not known, or a stop is not proven.",
          "Do not shut down. Call {contact}.",
        ],
        ["30", "NIGHTDESK DENIED", "The key was refused, or is over.", "Do not shut down. Call {contact}."],
        ["40", "NIGHTDESK UNREACHABLE", "No answer.", "Do not shut down. Part 6, then call {contact}."],
        ["50", "NIGHTDESK USAGE", "The command or the kit is wrong.", "Do not shut down. Call {contact}."],
      ],
    },
    {
      kind: "text",
      text: "The first line is the answer, the last line begins with CODE. Characters other than ASCII are printed as \\u and a number; the list of jobs above has both forms. Lines ... stand for what differs from time to time.",
    },
    { kind: "heading", text: "4. Without the .cmd files" },
    {
      kind: "text",
      text: "Mail gateways take .cmd files away. Then open a command window in this folder and paste a line. Write curl.exe, never curl alone: in PowerShell that is something else. Only the first line of the answer counts, and only if it is exactly as printed here. The second line asks for the stop; afterwards always paste the first one again, and believe that one.",
    },
    { kind: "commands", commands: withCurlAlone },
    { kind: "heading", text: "5. Under a job scheduler (JP1, Control-M, Task Scheduler)" },
    {
      kind: "text",
      text: "With /AUTO nothing is asked, nothing waits for a key and no colour is set; standard input may be NUL. The exit code is the answer. It rises with severity: 0 and 4 are good, 10 and above are not. Neither 0 nor 4 ever stands for not known.",
    },
    { kind: "commands", commands: forSchedulers },
    {
      kind: "table",
      head: ["Scheduler", "How to judge the exit code", "Time-out"],
      rows: [
        [
          "JP1/AJS",
          "PC job with the file name of STOP.cmd and the parameter /AUTO. Judge by threshold: warning threshold 0, abnormal threshold 4. So 0 ends normally, 4 with a warning, 10 and above abnormally.",
          "STOP.cmd 15 minutes, STATUS.cmd 2 minutes",
        ],
        [
          "Control-M",
          "Command with /AUTO. On COMPSTAT EQ 4: Do OK (or notify, where REPORTED CLEAR is not enough). On COMPSTAT GT 4: Do NOTOK, and notify {contact}.",
          "STOP.cmd 15 minutes, STATUS.cmd 2 minutes",
        ],
        [
          "Task Scheduler",
          'Program cmd.exe, arguments /c ""C:\\path of this folder\\STOP.cmd" /AUTO". It knows no thresholds: Last Run Result shows the code in hexadecimal (0x0, 0x4, 0xA, 0x14, 0x1E, 0x28, 0x32). If the task is already running: do not start a new instance.',
          "Stop the task if it runs longer than 15 minutes",
        ],
      ],
    },
    {
      kind: "text",
      text: "STATUS.cmd ends within 40 seconds, STOP.cmd within eleven minutes, whatever the server does. If a scheduler ends it by force: nothing harmful is left. Its curl.exe may live on for at most 40 seconds and sends nothing more than the one request that it was started with. A stop that was asked for is recorded at the server and goes on; starting STOP.cmd again joins it. In the folder %TEMP% up to four files nightdesk-... may be left, without the key; delete them. The code that a scheduler gives to a job that it ended itself is not an answer: treat it as UNKNOWN.",
    },
    { kind: "heading", text: "6. When there is no answer, or a login page answers" },
    {
      kind: "steps",
      steps: [
        {
          text: "curl exit code 6 or 7: the network, or a proxy that has to be named. curl does not read the proxy settings of Windows: open settings.txt and take the # away before the lines of the proxy.",
        },
        {
          text: "curl exit code 28, 52 or 56: too slow, or the connection was cut. Try again, then call {contact}.",
        },
        {
          text: "curl exit code 35 or 60: the certificate. See step 1 of part 1. If the message speaks of revocation, the list of revoked certificates cannot be reached from this PC: take the # away before ssl-no-revoke in settings.txt.",
        },
        {
          text: "There is no curl.exe: Windows has it since Windows 10 1803 and Server 2019. On an older one open {url}/ in a browser and sign in with the key, the part of the last line of key.txt between AppKey and the quotation mark; or use another PC.",
        },
        { text: "NIGHTDESK DENIED: the key is over or revoked. {contact} makes a new kit." },
      ],
    },
  ],
};
