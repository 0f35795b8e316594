"""How often each view asks AWS: the table in docs/operation.md, held by counting calls."""

import pathlib
import re
import signal
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from gateway import Gateway  # noqa: E402
from test_services import Services  # noqa: E402
from world import ROOT  # noqa: E402

ROW = re.compile(r"^\| `([^`]+)`[^|]* \| (\d+) \| ", re.M)
# Seconds: how long a view is watched, and how far apart two rounds are at most when something changes.
WATCHED, ROUND = 8, 5


def budget():
    """Calls a minute, by view."""
    text = (ROOT / "docs" / "operation.md").read_text()
    section = text[text.index("## How often AWS is asked"):]
    return {name: int(calls) for name, calls in ROW.findall(section.split("\n## ")[0])}


class Budget(Services):
    """All views at once, each with an endpoint of its own."""

    def watch(self, *arguments):
        """A program and its endpoint."""
        gateway = Gateway(self.servers.port, **self.gateway.services)
        self.addCleanup(gateway.close)
        return gateway, self.start(*arguments, AWS_ENDPOINT_URL=gateway.url)

    def test_no_view_asks_more_often_than_the_table_says(self):
        said = budget()
        self.assertEqual(set(said), {"status", "status --follow", "events --follow", "logs --follow", "deploy"})
        self.deploy("--set", "APP_VERSION=1")
        self.gateway.reset()
        self.tranship("status", "prod")
        once = [call.action for call in self.gateway.calls]
        self.assertEqual(sorted(once), sorted([
            "GetCallerIdentity", "DescribeStacks", "DescribeStackEvents", "ListStackResources", "DescribeServices",
            "DescribeTargetHealth", "ListTasks", "DescribeTasks"]))
        self.assertEqual(len(once), said["status"])
        self.steady(60, "-App")
        views = {"deploy": self.watch("deploy", "prod", "--yes", "--set", "APP_VERSION=2")}
        time.sleep(2)
        views |= {f"{name} --follow": self.watch(name, "prod", "--follow") for name in ("status", "events", "logs")}
        for gateway, _ in views.values():
            gateway.reset()
        time.sleep(WATCHED)
        counted = {name: [call.action for call in gateway.calls] for name, (gateway, _) in views.items()}
        self.steady(0)
        for _, process in views.values():
            process.send_signal(signal.SIGINT)
            self.assertEqual(self.finish(process).code, 130)
        counted["logs --follow"] = [action for action in counted["logs --follow"] if action == "FilterLogEvents"]
        for name, actions in counted.items():
            most = said[name] * (WATCHED + ROUND) / 60
            self.assertLessEqual(len(actions), most, f"{name}: {sorted(actions)}")
            # A figure that is far too large says nothing.
            self.assertGreater(len(actions), most / 6, f"{name}: {sorted(actions)}")


if __name__ == "__main__":
    unittest.main()
