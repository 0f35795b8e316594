"""Faults at every call of a deployment, and what must hold whatever they are.

A kind of deployment is run once without a fault to count its calls. Then each call gets each fault in turn (or a sample of
them, the same in every run): the run ends in success or in a true sentence, and the next run, without a fault, converges.
"""

import os
import re
import signal


# What a person must never see: the insides of the program and of the SDK.
INSIDES = re.compile(r"SdkBody|HeaderMap|\bHeaders \{|DispatchFailure|ServiceError|ConnectorError|Unhandled\(|panicked|RUST_BACKTRACE|\{ source:|aws_smithy|Response \{")
# Exits of a run that did not reach its end, each with a sentence.
ENDED = {1, 4, 5}


def throttle(case, index):
    case.gateway.at_call(index, "throttle", times=2)


def unavailable(case, index):
    case.gateway.at_call(index, "unavailable", times=2)


def endless(case, index):
    case.gateway.at_call(index, "unavailable", times=10_000)


def lost(case, index):
    """The server has acted, and the answer is lost."""
    case.gateway.at_call(index, "lost")


def reset(case, index):
    """The call never arrives."""
    case.gateway.at_call(index, "reset")


def truncated(case, index):
    case.gateway.at_call(index, "truncate")


def expired(case, index):
    case.gateway.at_call(index, "expire", times=10_000)


def hang(case, index):
    """The server has acted, and never answers."""
    case.gateway.at_call(index, "hang")


def killed(case, index):
    case.gateway.at_call(index, "kill")


def killed_after(case, index):
    case.gateway.at_call(index, "kill_after")


QUICK = [throttle, unavailable, lost, reset, truncated, expired, killed, killed_after]
SLOW = [endless, hang]


def sample(calls, faults, share):
    """Pairs of a call and a fault: all of them, or one in `share`, spread over both."""
    every = [(index, fault) for index in range(calls) for fault in faults]
    if os.environ.get("TRANSHIP_EVERY_FAULT"):
        return every
    return [pair for place, pair in enumerate(every) if place * 7919 % share == share // 2]


class Faults:
    """Mixed into a case; `deployments()` gives the steps of each kind and `check(run)` what holds at the end."""

    def one(self, index, fault, arguments, converge):
        """A run with one fault, and the next one."""
        self.gateway.reset()
        fault(self, index)
        process = self.start(*arguments)
        self.gateway.victim = process
        run = self.finish(process, 240)
        self.gateway.victim = None
        self.gateway.rules.clear()
        killed_it = fault in (killed, killed_after)
        if killed_it and run.code == -signal.SIGKILL:
            pass
        elif run.code != 0:
            self.assertIn(run.code, ENDED, run)
            self.assertRegex(run.err, r"(?m)^error: \S.{10,}", run)
            self.assertNotRegex(run.err, INSIDES)
            if fault is expired:
                self.assertEqual(run.code, 4, run)
                self.assertIn("expired", run.err)
        self.truthful(run)
        converge(run)

    def truthful(self, run):
        """A run that says that it deployed has deployed, and one that left AWS working says so."""
        state = self.at_work()
        if run.code == 0:
            self.assertFalse(state, run)
        elif run.code in ENDED and state:
            self.assertRegex(run.err, "continues at AWS|run the same command again", run)
