/*
 * How an execution ends: the specification that src/engine (prove, run-life, end-run, settled) follows.
 * README.md beside this file reads it aloud; scripts/verify-model.mjs has Spin check it, and checks that each
 * mistake below (a name to define) is found. One execution; every step may interleave with every other.
 *
 *   UNFENCED                 terminal as soon as the worker is gone, the source not looked at
 *   LIST_BEFORE_WORKER_GONE  a list counts that was read while the worker still lived
 *   REFUSED_IS_EMPTY         a refused list counts as an empty one
 *   NO_CAS                   the terminal status is written without asking whether it is still RUNNING
 *   ONE_SHOT_CANCEL          one cancel request, then only waiting
 *   CANCEL_ONLY              cancel again and again, never terminate
 *   NO_KILL                  a worker that does not obey is waited for
 *   TOUCH_LATE               "the source was touched" is recorded after the connect
 *   NO_TAKE_OVER             after a restart the old worker is taken for gone
 *   TAKE_OVER_WAITS          after a restart an old worker that does not go is only waited for
 *   VOLATILE_STOP            the wish to stop is kept in memory
 *   NO_MARKER                after a worker's death its tables are called discarded without asking the pool
 *   SETTLE_WITH_WORKER       settled although the worker lives
 *
 * PERSON_WILLING: the person settles whenever that is allowed; otherwise perhaps never.
 */
#ifndef FAULTS
#define FAULTS 3 /* how many of them, in any mix and order; recovery costs nothing */
#endif
#ifndef STATEMENTS
#define STATEMENTS 1
#endif
#define CANCELS 2 /* tries with a cancel request; from then on terminate */
#define KILL_AT 3 /* tries after which a worker that did not obey is killed */

mtype = { QUEUED, RUNNING, SUCCESS, FAIL, CANCEL };
mtype = { UNPROVEN, UNTOUCHED, IDLE_BY_LIST, NEVER_OPENED, DECLARED };
mtype = { OPEN_RECORD, LOADED, DISCARDED };
mtype = { NO_WORKER, ASKS, CONNECTS, LOGS_IN, READY, READS, CHECKS, COMMITS, CLOSES, GONE };
mtype = { NO_WORD, SUCCEEDED, FAILED, STOPPED };
mtype = { NO_SESSION, FRESH, IDLE, BUSY };
mtype = { READABLE, UNREADABLE }; /* refused, shutting down, silent: all the same to whoever looks */
mtype = { DOWN, START, HAND_OVER, WATCH, TAKE_OVER, TURN, LOOK, JUDGE, FINISH, OVER };
mtype = { UNREAD, EMPTY, SOME, UNKNOWN };

/* What survives kill -9 of the server: the state store, and the marker in the pool's file. */
mtype status = QUEUED;
bool asked, touched;
mtype proof = UNPROVEN;
mtype record = OPEN_RECORD;
bool committed;

/* The server's memory. */
mtype at = START;
bool gone;             /* what this turn knows of the worker */
mtype list = UNREAD;
byte tries;
mtype word = NO_WORD;  /* the worker's own report; lost with the server */
mtype why = UNPROVEN;  /* proven, not written yet */
hidden mtype end, effect;
bool settling;         /* a settle that has looked and not written yet */

/* The pool's process. */
mtype worker = NO_WORKER;
bool abortSent, aborted, workerFrozen, orphan, opened;
byte statements = STATEMENTS;

/* The source. FRESH: a connection on which no statement was sent yet. */
mtype session = NO_SESSION;
bool connecting, cancelSent, terminateSent, backendFrozen, cancelled;
bool stubborn; /* the statement swallows cancels, and never ends by itself */
mtype reading = READABLE; /* the server's second connection */

/* Seen from outside. */
bool acknowledged, nextStarted, quiet;
byte ends;

#define up (at != DOWN)
#define ended (status == SUCCESS || status == FAIL || status == CANCEL)
#define workerGone (worker == NO_WORKER || worker == GONE)
#define inTheLoop (at == TURN || at == LOOK || at == JUDGE || at == FINISH)

/* What is no more has no traits: this keeps the number of states small. */
inline dies() {
  worker = GONE; abortSent = false; aborted = false; workerFrozen = false; orphan = false; statements = 0
}
inline closes() {
  session = NO_SESSION; cancelSent = false; terminateSent = false; backendFrozen = false; cancelled = false;
  stubborn = false
}
inline forgets() {
  gone = false; list = UNREAD; tries = 0; word = NO_WORD; settling = false; why = UNPROVEN; opened = false
}

/* Whatever it decides, what happened counts before what was asked for. */
inline decide() {
  if
  :: word == SUCCEEDED -> end = SUCCESS
  :: word == FAILED -> end = FAIL
  :: else -> if :: asked -> end = CANCEL :: else -> end = FAIL fi
  fi;
#ifdef NO_MARKER
  if :: committed && word != NO_WORD -> effect = LOADED :: else -> effect = DISCARDED fi
#else
  if :: committed -> effect = LOADED :: else -> effect = DISCARDED fi
#endif
}

/* The only writer of a terminal status of an execution that ran. */
inline write(how) {
  decide();
#ifdef NO_CAS
  status = end; proof = how; record = effect; ends++
#else
  if
  :: status == RUNNING -> status = end; proof = how; record = effect; ends++
  :: else
  fi
#endif
  ;end = 0; effect = 0
}

inline sayGone(what) { if :: !orphan -> word = what :: else fi; dies() }

active proctype Server() {
end_server:
  do
  :: d_step { at == DOWN -> at = START }

  :: d_step { at == START && status == QUEUED -> status = RUNNING; at = HAND_OVER }
  :: d_step { at == START && status == RUNNING -> at = TAKE_OVER }
  :: d_step { at == START && ended -> at = OVER }
  :: d_step { at == HAND_OVER -> worker = ASKS; at = WATCH }
  :: d_step { at == WATCH && (workerGone || asked) -> at = TURN }

  /* Only one process can own the pool's file: owning it shows that the old worker is gone. */
#ifdef NO_TAKE_OVER
  :: d_step { at == TAKE_OVER -> gone = true; at = LOOK }
#else
  :: d_step { at == TAKE_OVER && workerGone -> at = TURN }
#ifndef TAKE_OVER_WAITS
  :: d_step { at == TAKE_OVER && !workerGone -> dies() }
#endif
#endif

  /* A turn of the loop. First the worker, */
  :: d_step { at == TURN ->
       if
       :: ended -> gone = false; list = UNREAD; tries = 0; at = OVER
       :: else ->
         gone = workerGone;
         if
#ifndef NO_KILL
         :: asked && !gone && tries >= KILL_AT -> dies()
#endif
         :: asked && !gone && tries < KILL_AT -> abortSent = !aborted
         :: else
         fi;
         at = LOOK
       fi }
#ifdef UNFENCED
  :: d_step { at == LOOK && gone -> why = UNTOUCHED; at = FINISH }
#endif
  /* then the source, */
  :: d_step { at == LOOK ->
       if
       :: !touched -> list = UNREAD
#ifdef REFUSED_IS_EMPTY
       :: touched && reading != READABLE -> list = EMPTY
#else
       :: touched && reading != READABLE -> list = UNKNOWN
#endif
       :: touched && reading == READABLE && session == NO_SESSION -> list = EMPTY
       :: touched && reading == READABLE && session != NO_SESSION -> list = SOME
       fi;
       at = JUDGE }
  /* then the verdict. */
  :: d_step { at == JUDGE ->
#ifdef LIST_BEFORE_WORKER_GONE
       gone = workerGone;
#endif
       if
       :: gone && list == UNREAD && !touched -> why = UNTOUCHED; at = FINISH
       :: gone && list == EMPTY -> why = IDLE_BY_LIST; at = FINISH
       :: gone && list == UNKNOWN && (word == STOPPED || word == FAILED) && !opened ->
         why = NEVER_OPENED; at = FINISH
       :: else ->
         if
         :: list == SOME && tries < CANCELS ->
#ifdef ONE_SHOT_CANCEL
           if :: tries == 0 -> cancelSent = true :: else fi
#else
           cancelSent = true
#endif
         :: list == SOME && tries >= CANCELS ->
#ifdef CANCEL_ONLY
           cancelSent = true
#else
#ifndef ONE_SHOT_CANCEL
           terminateSent = true
#else
           skip
#endif
#endif
         :: else
         fi;
         if :: tries < KILL_AT -> tries++ :: else fi;
         list = UNREAD; gone = false; at = TURN
       fi }

  /* Proven, and written a step later: a settle may come between. */
  :: d_step { at == FINISH -> write(why); gone = false; list = UNREAD; tries = 0; why = UNPROVEN; at = OVER }
  od
}

/* Whatever it sends needs the far end; a frozen one does nothing; an orphan's word reaches nobody. */
active proctype Worker() {
end_worker:
  do
  :: d_step { !workerFrozen && abortSent -> abortSent = false; aborted = true } /* until then it goes on */
  :: d_step { !workerFrozen && aborted &&
       (worker == ASKS || worker == CONNECTS || worker == LOGS_IN || worker == READY || worker == READS ||
        worker == CHECKS) -> sayGone(STOPPED) }
#ifdef TOUCH_LATE
  :: d_step { !workerFrozen && !aborted && worker == ASKS -> worker = CONNECTS }
#else
  :: d_step { !workerFrozen && !aborted && worker == ASKS && up && status == RUNNING ->
       touched = true; worker = CONNECTS }
#endif
  :: d_step { !workerFrozen && !aborted && worker == CONNECTS -> connecting = true; worker = LOGS_IN }
  :: d_step { !workerFrozen && !aborted && worker == CONNECTS -> sayGone(FAILED) } /* refused */
  :: d_step { !workerFrozen && !aborted && worker == LOGS_IN && session == FRESH && !backendFrozen ->
#ifdef TOUCH_LATE
       if :: up -> touched = true :: else fi;
#endif
       opened = true; worker = READY }
  :: d_step { !workerFrozen && worker == LOGS_IN && session == NO_SESSION && !connecting -> sayGone(FAILED) }
  /* A statement is sent: it may swallow a cancel, and it may never end by itself. */
  :: atomic { !workerFrozen && !aborted && worker == READY && statements > 0 &&
       (session == FRESH || session == IDLE) ->
       statements--; session = BUSY; cancelled = false;
       if :: stubborn = true :: stubborn = false fi;
       worker = READS }
  :: d_step { !workerFrozen && worker == READY && session == NO_SESSION -> sayGone(FAILED) }
  :: d_step { !workerFrozen && worker == READS && session == NO_SESSION -> sayGone(FAILED) }
  :: d_step { !workerFrozen && worker == READS && session == IDLE && cancelled -> sayGone(FAILED) }
  :: d_step { !workerFrozen && worker == READS && session == IDLE && !cancelled -> worker = READY }
  /* All is staged. The flag is looked at last; a COMMIT is never interrupted. */
  :: d_step { !workerFrozen && !aborted && worker == READY && opened && statements < STATEMENTS ->
       worker = CHECKS }
  :: d_step { !workerFrozen && !aborted && worker == CHECKS -> worker = COMMITS }
  :: d_step { !workerFrozen && worker == COMMITS -> committed = true; worker = CLOSES }
  :: d_step { !workerFrozen && worker == CLOSES -> sayGone(SUCCEEDED) }
  od
}

/* Does its part as long as it is not frozen. That a client is gone it sees only between statements. */
active proctype Source() {
end_source:
  do
  :: d_step { connecting -> connecting = false; session = FRESH } /* though its client may be gone */
  :: d_step { !backendFrozen && workerGone && (session == FRESH || session == IDLE) -> closes() }
  :: d_step { !backendFrozen && session == BUSY && !stubborn -> session = IDLE }
  :: d_step { !backendFrozen && cancelSent ->
       cancelSent = false;
       if
       :: session == BUSY && !stubborn -> session = IDLE; cancelled = true
       :: else /* lost: it found the session idle, or was swallowed */
       fi }
  :: d_step { !backendFrozen && terminateSent -> closes() }
  od
}

/* Any number of askers, each any number of times; or none. An answer is given after the record. */
active proctype Asker() {
end_asker:
  do
  :: d_step { up && status == QUEUED ->
       asked = true; status = CANCEL; proof = UNTOUCHED; record = DISCARDED; ends++; acknowledged = true }
  :: d_step { up && status == RUNNING -> asked = true; acknowledged = true }
  :: break
  od
}

/* Settles: refused while the source can be read, and while anything of it lives in the pool. */
active proctype Person() {
end_person:
  do
#ifdef SETTLE_WITH_WORKER
  :: d_step { inTheLoop && status == RUNNING && touched && reading != READABLE && !settling -> settling = true }
#else
  :: d_step { inTheLoop && status == RUNNING && touched && reading != READABLE && !settling && workerGone ->
       settling = true }
#endif
  :: d_step { up && settling -> settling = false; write(DECLARED) }
  :: ended && !settling -> break
#ifndef PERSON_WILLING
  :: break
#endif
  od
}

/* The next execution of the job: whether it may start is read from the status, nothing else is kept. */
active proctype Next() {
end_next:
  ended -> nextStarted = true
}

/* After the end there is nothing left that a fault could change. */
active proctype Faults() {
  byte left = FAULTS;
  do
  :: d_step { !ended && left > 0 && up -> /* kill -9 of the server: its memory is gone, the channel closes */
       left--; at = DOWN; forgets();
       if :: !workerGone -> orphan = true; abortSent = !aborted :: else fi;
#ifdef VOLATILE_STOP
       asked = false
#else
       skip
#endif
     }
  :: d_step { !ended && left > 0 && !workerGone -> left--; dies() } /* kill -9 of the worker */
  :: d_step { !ended && left > 0 && !workerGone && !workerFrozen -> left--; workerFrozen = true }
  :: d_step { !ended && workerFrozen -> workerFrozen = false }
  :: d_step { !ended && left > 0 && reading == READABLE -> left--; reading = UNREADABLE }
  :: d_step { !ended && reading != READABLE -> reading = READABLE }
  :: d_step { !ended && left > 0 && session != NO_SESSION && !backendFrozen -> left--; backendFrozen = true }
  :: d_step { !ended && backendFrozen -> backendFrozen = false }
  :: d_step { !ended && left > 0 && (session != NO_SESSION || connecting) ->
       left--; connecting = false; closes() } /* it restarts: no session is older than its start */
  :: break
  od;
  left = 0;
  quiet = true /* from here on everything stays as it is, for ever */
}

#define mustEnd (acknowledged || worker == GONE || at == TAKE_OVER)
#define running (session == IDLE || session == BUSY)
#define unreadableForEver (quiet && reading != READABLE)
#define frozenForEver (quiet && backendFrozen && session != NO_SESSION)

/* Safety. */
ltl one_end { [] (ends <= 1) }
ltl no_lie { [] (ended && proof != DECLARED -> workerGone && !running) }
ltl no_worker_after_end { [] (ended -> workerGone) }
ltl success_is_committed { [] (status == SUCCESS -> committed) }
ltl record_is_true { [] (ended -> ((record == LOADED) == committed)) }
ltl too_late_is_success { [] (ended && word == SUCCEEDED -> status == SUCCESS) }
ltl stop_survives { [] (acknowledged -> asked) }
ltl next_waits { [] (nextStarted -> ended) }

/* Liveness, under weak fairness: it ends, or it is unknown for ever; a settle frees the job. */
ltl ends_or_unknown {
  [] (mustEnd -> <> (ended || unreadableForEver || frozenForEver))
}
ltl settle_frees { [] (proof == DECLARED -> <> nextStarted) }
/* With PERSON_WILLING: then only a frozen session on a list that can be read is left. */
ltl settle_is_a_way_out {
  [] (mustEnd -> <> (ended || (frozenForEver && reading == READABLE)))
}

/* Each of these must be refuted: otherwise the properties above hold of a model in which nothing happens. */
ltl never_succeeds { [] (status != SUCCESS) }
ltl never_cancelled_at_work { [] !(status == CANCEL && proof == IDLE_BY_LIST) }
ltl never_cancelled_and_loaded { [] !(status == CANCEL && record == LOADED) }
ltl never_ends_by_word { [] (proof != NEVER_OPENED) }
ltl never_declared { [] (proof != DECLARED) }
ltl always_ends { [] (mustEnd -> <> ended) }
