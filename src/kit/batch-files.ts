/**
 * The batch files, the same in every kit: nothing of a pool stands in them, so that no name can break them. What they
 * need is read from server.txt, settings.txt and key.txt beside them.
 *
 * What keeps them right, each learned the hard way: nothing that a server or a person wrote is ever expanded as
 * `%NAME%` outside of quotes that it cannot end; it is compared and shown as a variable of `for`, which cmd puts in after the
 * line was taken apart. Every way to the end sets a code, and the code that they begin with is UNKNOWN.
 */

/** Reads the arguments of STATUS.cmd and STOP.cmd; goes on at `:ready`. */
const argumentLines = `
:args
if "%~1"=="" goto ready
if /i "%~1"=="/AUTO" goto auto
if /i "%~1"=="/JOB" goto job
goto usage
:auto
set "ND_AUTO=1"
shift
goto args
:job
set "ND_JOB=%~2"
if not defined ND_JOB goto usage
for /f "delims=0123456789abcdefABCDEF-" %%a in ("%ND_JOB%") do goto usage
shift
shift
goto args
`;

/** Nothing is known yet: whatever goes wrong from here on ends as UNKNOWN. */
const beginning = `setlocal EnableExtensions DisableDelayedExpansion
set "ERRORLEVEL="
set "ND_CODE=20"
set "ND_WHY=broken"
set "ND_AUTO="
set "ND_JOB="
set "ND_REQUEST="
if not defined TEMP set "TEMP=%SystemRoot%\\Temp"
set "ND_TEMP=%TEMP%\\nightdesk-%RANDOM%-%RANDOM%"
set "ND_FILE=%ND_TEMP%.status"`;

/** Never without a code: `exit /b` alone would give what the last command happened to leave. */
const ending = (name: string, note: string): string => `if not defined ND_AUTO if not defined ND_NOPAUSE pause
if not defined ND_AUTO color
if exist "%ND_TEMP%.status" del /q "%ND_TEMP%.status"
if exist "%ND_TEMP%.stop" del /q "%ND_TEMP%.stop"
if exist "%ND_TEMP%.http" del /q "%ND_TEMP%.http"
if exist "%ND_TEMP%.err" del /q "%ND_TEMP%.err"
exit /b %ND_CODE%
:usage
echo NIGHTDESK USAGE
echo   ${name} [/AUTO] [/JOB ID]
echo CODE 50 REASON the command is wrong${note} NEXT correct it as RUNBOOK.html has it
exit /b 50
`;

export const statusCmd = `@echo off
rem Does anything touch the source of the pool, or of one job?
rem STATUS.cmd [/AUTO] [/JOB ID]    /AUTO: no question, no pause, no colour
${beginning}
set "ND_METHOD=GET"
rem go.txt: what other pools do at the same source counts too.
set "ND_ASK=go.txt?"${argumentLines}:ready
if defined ND_JOB set "ND_ASK=status.txt?job=%ND_JOB%&"
call "%~dp0lib\\ask.cmd"
call "%~dp0lib\\say.cmd"
${ending("STATUS.cmd", "")}`;

export const stopCmd = `@echo off
rem Stops what runs of the pool, or of one job, and says what is proven.
rem STOP.cmd [/AUTO] [/JOB ID]    /AUTO: no question, no pause, no colour
rem It may be ended at any time and started again: a stop that was asked for goes on at the server.
${beginning}
set "ND_ROUND=0"
set "ND_LOST=0"
set "ND_STATUS=status.txt?"
set "ND_STOP=stop.txt?all=true&wait=25&"${argumentLines}:ready
if defined ND_JOB set "ND_STATUS=status.txt?job=%ND_JOB%&"
if defined ND_JOB set "ND_STOP=stop.txt?job=%ND_JOB%&wait=25&"
if defined ND_AUTO goto round
set "ND_METHOD=GET"
set "ND_ASK=%ND_STATUS%"
set "ND_FILE=%ND_TEMP%.status"
call "%~dp0lib\\ask.cmd"
call "%~dp0lib\\say.cmd"
set "ND_ANSWER="
set /p "ND_ANSWER=Type the word STOP and press Enter to stop it, Enter alone to leave it: "
if not defined ND_ANSWER goto nothing
set "ND_ANSWER=%ND_ANSWER:"=%"
if "%ND_ANSWER%"=="STOP" goto round
:nothing
echo Nothing was asked for. What is said above still holds.
goto end
:round
set /a ND_ROUND+=1
if not defined ND_AUTO echo Asking for the stop, %ND_ROUND% of at most 8. Wait.
set "ND_METHOD=POST"
set "ND_ASK=%ND_STOP%"
set "ND_FILE=%ND_TEMP%.stop"
set "ND_CODE=20"
set "ND_WHY=broken"
call "%~dp0lib\\ask.cmd"
set "ND_ASKED=%ND_CODE%"
set "ND_ASKED_WORD=%ND_WORD%"
set "ND_REQUEST="
if "%ND_WHY%"=="said" set "ND_REQUEST=%ND_FILE%"
rem Whatever the request was answered with, only a look after it counts.
set "ND_METHOD=GET"
set "ND_ASK=%ND_STATUS%"
set "ND_FILE=%ND_TEMP%.status"
set "ND_CODE=20"
set "ND_WHY=broken"
call "%~dp0lib\\ask.cmd"
if "%ND_CODE%"=="0" goto say
if "%ND_CODE%"=="4" goto say
if "%ND_CODE%"=="30" goto say
if "%ND_CODE%"=="50" goto say
if "%ND_ASKED%"=="30" goto refused
if "%ND_ASKED%"=="50" goto refused
if "%ND_CODE%"=="40" set /a ND_LOST+=1
if "%ND_LOST%"=="2" goto say
if not "%ND_ROUND%"=="8" goto round
if "%ND_CODE%"=="10" goto late
goto say
:refused
set "ND_CODE=%ND_ASKED%"
set "ND_WORD=%ND_ASKED_WORD%"
set "ND_WHY=said"
set "ND_FILE=%ND_TEMP%.stop"
set "ND_REQUEST="
goto say
:late
set "ND_CODE=20"
set "ND_WHY=late"
:say
call "%~dp0lib\\say.cmd"
:end
${ending("STOP.cmd", ", nothing was asked for")}`;

export const askCmd = `@echo off
rem Asks the server once. STATUS.cmd and STOP.cmd call it; it is of no use alone.
rem Takes ND_METHOD, ND_ASK, ND_FILE, ND_TEMP. Sets ND_CODE and ND_WHY: said, foreign, cut, lost, broken.
set "ND_CODE=20"
set "ND_WHY=broken"
set "ND_HTTP="
set "ND_EXIT="
set "ND_WORD="
set "ND_SEEN="
set "ND_POOL="
set "ND_SITE="
if not exist "%~dp0..\\server.txt" goto incomplete
if not exist "%~dp0..\\settings.txt" goto incomplete
if not exist "%~dp0..\\key.txt" goto incomplete
for /f "usebackq eol=# tokens=1* delims==" %%a in ("%~dp0..\\server.txt") do (
  if "%%a"=="url" set "ND_SITE=%%b"
  if "%%a"=="pool" set "ND_POOL=%%b"
)
if defined ND_URL set "ND_SITE=%ND_URL%"
if not defined ND_SITE goto incomplete
if not defined ND_POOL goto incomplete
if defined ND_CURL goto found
set "ND_CURL=%SystemRoot%\\System32\\curl.exe"
if exist "%ND_CURL%" goto found
rem From PATH, never from the folder that happens to be the current one.
set "NoDefaultCurrentDirectoryInExePath=1"
set "ND_CURL=curl.exe"
:found
if exist "%ND_FILE%" del /q "%ND_FILE%"
if exist "%ND_FILE%" goto incomplete
if exist "%ND_TEMP%.http" del /q "%ND_TEMP%.http"
"%ND_CURL%" -q -sS -K "%~dp0..\\settings.txt" -K "%~dp0..\\key.txt" -X %ND_METHOD% --connect-timeout 10 --max-time 40 -o "%ND_FILE%" -w "%%{http_code}\\n" "%ND_SITE%/desk/%ND_ASK%pool=%ND_POOL%" >"%ND_TEMP%.http" 2>"%ND_TEMP%.err"
set "ND_EXIT=%ERRORLEVEL%"
if exist "%ND_TEMP%.http" for /f "usebackq tokens=1" %%a in ("%ND_TEMP%.http") do set "ND_HTTP=%%a"
if not "%ND_EXIT%"=="0" goto failed
set "ND_WHY=foreign"
if not exist "%ND_FILE%" exit /b 20
rem Only line 1 counts, and only as a whole.
for /f "usebackq delims=" %%a in ("%ND_FILE%") do (
  if not defined ND_SEEN if "%%a"=="NIGHTDESK CLEAR" set "ND_WORD=CLEAR"
  if not defined ND_SEEN if "%%a"=="NIGHTDESK REPORTED CLEAR" set "ND_WORD=REPORTED CLEAR"
  if not defined ND_SEEN if "%%a"=="NIGHTDESK RUNNING" set "ND_WORD=RUNNING"
  if not defined ND_SEEN if "%%a"=="NIGHTDESK UNKNOWN" set "ND_WORD=UNKNOWN"
  if not defined ND_SEEN if "%%a"=="NIGHTDESK DENIED" set "ND_WORD=DENIED"
  if not defined ND_SEEN if "%%a"=="NIGHTDESK USAGE" set "ND_WORD=USAGE"
  set "ND_SEEN=1"
)
if "%ND_HTTP% %ND_WORD%"=="200 CLEAR" goto said0
if "%ND_HTTP% %ND_WORD%"=="200 REPORTED CLEAR" goto said4
if "%ND_HTTP% %ND_WORD%"=="200 RUNNING" goto said10
if "%ND_HTTP% %ND_WORD%"=="202 RUNNING" goto said10
if "%ND_HTTP% %ND_WORD%"=="202 UNKNOWN" goto said20
if "%ND_HTTP% %ND_WORD%"=="500 UNKNOWN" goto said20
if "%ND_HTTP% %ND_WORD%"=="503 UNKNOWN" goto said20
if "%ND_HTTP% %ND_WORD%"=="401 DENIED" goto said30
if "%ND_HTTP% %ND_WORD%"=="403 DENIED" goto said30
if "%ND_HTTP% %ND_WORD%"=="404 DENIED" goto said30
if "%ND_HTTP% %ND_WORD%"=="400 USAGE" goto said50
if "%ND_HTTP% %ND_WORD%"=="405 USAGE" goto said50
exit /b 20
:said0
set "ND_CODE=0"
goto said
:said4
set "ND_CODE=4"
goto said
:said10
set "ND_CODE=10"
goto said
:said30
set "ND_CODE=30"
goto said
:said50
set "ND_CODE=50"
goto said
:said20
set "ND_CODE=20"
:said
set "ND_WHY=said"
exit /b %ND_CODE%
:failed
rem No number of HTTP means that there was no answer; with one the answer was not whole.
set "ND_WHY=cut"
if not defined ND_HTTP goto incomplete
if not "%ND_HTTP%"=="000" exit /b 20
set "ND_CODE=40"
set "ND_WHY=lost"
exit /b 40
:incomplete
set "ND_CODE=50"
set "ND_WHY=broken"
exit /b 50
`;

/** The person who is to be called is read where it is shown: a name in a variable of `for` is text and nothing else. */
const callLine = `if exist "%~dp0..\\server.txt" for /f "usebackq eol=# tokens=1* delims==" %%a in ("%~dp0..\\server.txt") do if "%%a"=="contact" echo   Call %%b`;
const errorLines = `if exist "%ND_TEMP%.err" for /f "usebackq delims=" %%a in ("%ND_TEMP%.err") do echo   %%a`;

export const sayCmd = `@echo off
rem Says what ask.cmd found: line 1 is the word, the last line has the code. What is not an answer of Nightdesk is never shown.
if defined ND_AUTO goto plain
color 4F
if "%ND_CODE%"=="0" color 2F
if "%ND_CODE%"=="4" color 6F
if "%ND_CODE%"=="10" color 6F
:plain
if "%ND_WHY%"=="said" goto said
if "%ND_WHY%"=="foreign" goto foreign
if "%ND_WHY%"=="cut" goto cut
if "%ND_WHY%"=="lost" goto lost
if "%ND_WHY%"=="late" goto late
if "%ND_CODE%"=="50" goto broken
echo NIGHTDESK UNKNOWN
echo   The kit could not ask: a file of it is missing.
echo CODE 20 REASON the kit is not complete NEXT do not shut down the source; escalate
goto advice
:broken
echo NIGHTDESK USAGE
echo   The kit could not ask: a file of it is missing or wrong, or there is no curl.exe [exit code %ND_EXIT%].
${errorLines}
echo CODE 50 REASON the kit is not complete or its settings are wrong NEXT do not shut down the source; escalate
goto advice
:said
echo NIGHTDESK %ND_WORD%
if defined ND_REQUEST for /f "usebackq tokens=1*" %%a in ("%ND_REQUEST%") do if "%%a"=="CODE" echo   REQUEST CODE %%b
for /f "usebackq skip=1 delims=" %%a in ("%ND_FILE%") do echo %%a
goto advice
:foreign
echo NIGHTDESK UNKNOWN
echo   HTTP %ND_HTTP%: what came is not an answer of Nightdesk. A login page, a proxy, or another address.
${callLine}
echo CODE 20 REASON not an answer of Nightdesk NEXT do not shut down the source; escalate
goto advice
:cut
echo NIGHTDESK UNKNOWN
echo   HTTP %ND_HTTP%, curl exit code %ND_EXIT%: the answer was cut off.
${errorLines}
${callLine}
echo CODE 20 REASON the answer was cut off NEXT do not shut down the source; escalate
goto advice
:late
echo NIGHTDESK UNKNOWN
echo   The server says after the last request:
for /f "usebackq delims=" %%a in ("%ND_FILE%") do echo   %%a
${callLine}
echo CODE 20 REASON NOT PROVEN: it still runs after 8 requests to stop NEXT do not shut down the source; escalate
goto advice
:lost
echo NIGHTDESK UNREACHABLE
echo   curl exit code %ND_EXIT%: 6 and 7 network or proxy, 28 too slow, 52 and 56 connection cut, 35 and 60 certificate: RUNBOOK.html says what to do.
${errorLines}
${callLine}
echo CODE 40 REASON no answer NEXT do not shut down the source; escalate
:advice
if defined ND_AUTO exit /b %ND_CODE%
echo.
if "%ND_CODE%"=="0" echo Nothing of it touches the source. Go on with the next step of RUNBOOK.html.
if "%ND_CODE%"=="4" echo The platform says that nothing runs. The source itself was not seen.
if "%ND_CODE%"=="10" echo Something runs or waits to run. Do NOT shut the source down.
if "%ND_CODE%"=="20" echo It is not known. Do NOT shut the source down. Call for help: RUNBOOK.html says whom.
if "%ND_CODE%"=="30" echo The key was refused. Do NOT shut the source down. Call for help: RUNBOOK.html says whom.
if "%ND_CODE%"=="40" echo There was no answer. Do NOT shut the source down. Call for help: RUNBOOK.html says whom.
if "%ND_CODE%"=="50" echo This kit is not right. Do NOT shut the source down. Call for help: RUNBOOK.html says whom.
exit /b %ND_CODE%
`;
