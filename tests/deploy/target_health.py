"""The part of Elastic Load Balancing that says whether targets are healthy, played by a test."""

from query_protocol import Service


class Balancer(Service):
    """Answers DescribeTargetHealth for every target group with the same targets: (state, reason, description)."""

    def __init__(self, case, *targets):
        super().__init__("elbv2")
        self.targets, self.asked = targets, []
        services = case.gateway.services
        services["elasticloadbalancing"] = self
        case.addCleanup(services.pop, "elasticloadbalancing")
        case.addCleanup(lambda: case.assertEqual(self.faults, []))

    def do_DescribeTargetHealth(self, request_id, TargetGroupArn):
        self.asked.append(TargetGroupArn)
        return {"TargetHealthDescriptions": [
            {"Target": {"Id": f"10.0.0.{at}", "Port": 8000},
             "TargetHealth": {key: value for key, value in zip(("State", "Reason", "Description"), target) if value}}
            for at, target in enumerate(self.targets)]}
