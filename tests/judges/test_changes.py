"""Every edit of a manifest is one that AWS can make: the second deployment, worked out from the two templates.

What cannot be is listed here with its reason, which docs/changes.md tells. Each seeded fault undoes something that
templates do for a second deployment, and must be found.
"""

import copy
import functools
import itertools
import json
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import edits
from stack_update import faults
from support import FIXTURE, ROOT, compiled, read_stacks, read_template, scratch, tranship, whole

TARGETS = ("fargate", "ecs-ec2")
EARLIER = Path(__file__).parent / "earlier"
SEEDS = range(10)
# Of the edits, one in so many is judged for several stacks too.
SAMPLED = 6

ENGINE, OLDER, NETWORK, RENAMED, PROTECTED, MODE = (
    "Another engine, name or user of a database", "An older version, or less storage", "Another network", "A data store with another name",
    "What is protected", "A service that gains its first client or loses its last")
# {edit: (what is found, its reason: a heading of docs/changes.md)}. `+` makes the edit, `-` undoes it.
KNOWN = {
    ("database_engine", "+"): ("data_left_behind", ENGINE), ("database_engine", "-"): ("data_left_behind", ENGINE),
    ("database_name", "+"): ("data_left_behind", ENGINE), ("database_name", "-"): ("data_left_behind", ENGINE),
    ("database_user", "+"): ("data_left_behind", ENGINE), ("database_user", "-"): ("data_left_behind", ENGINE),
    ("database_storage", "-"): ("refused_by_aws", OLDER), ("database_major", "-"): ("refused_by_aws", OLDER),
    ("database_minor", "+"): ("refused_by_aws", OLDER), ("database_version_unset", "-"): ("refused_by_aws", OLDER),
    ("existing_network", "+"): ("refused_by_aws", NETWORK), ("existing_network", "-"): ("refused_by_aws", NETWORK),
    ("new_network", "+"): ("refused_by_aws", NETWORK), ("new_network", "-"): ("refused_by_aws", NETWORK),
    ("subnets_in_another_order", "+"): ("key_held_twice", NETWORK), ("subnets_in_another_order", "-"): ("key_held_twice", NETWORK),
    ("rename_cache", "+"): ("same_data_twice", RENAMED), ("rename_cache", "-"): ("same_data_twice", RENAMED),
    ("rename_api", "+"): ("same_data_twice", RENAMED), ("rename_api", "-"): ("same_data_twice", RENAMED),
    ("public_off_under_prod", "+"): ("protected_from_deletion", PROTECTED),
    ("database_goes_under_prod", "+"): ("protected_from_deletion", PROTECTED),
    # A bridge is not a network interface: on instances the service is another one.
    ("last_client_goes", "+", "ecs-ec2"): ("same_data_twice", MODE), ("last_client_goes", "-", "ecs-ec2"): ("same_data_twice", MODE),
}


def known_of(name, way, target):
    return KNOWN.get((name, way)) or KNOWN.get((name, way, target)) or (None, None)


# Services that start anew with the one that is edited: what it no longer calls, what reads its data, what shares a secret or a machine.
ALSO = {
    "public_worker": ["cache"], "tcp_worker": ["cache"], "udp_worker": ["cache"],
    "database_name": ["api", "migrate", "worker"],
    "database_user": ["api", "migrate", "worker"],
    "path_in_url": ["migrate"],  # one secret of two readers becomes two
    "platform": ["web", "api", "cache", "db", "migrate"],  # all instances have one processor
}


def deployed(made, owner):
    """The properties of the task definition and of the service of a service of the manifest."""
    words = owner.capitalize()
    return [made["Resources"].get(words + role, {}).get("Properties") for role in ("TaskDefinition", "Service", "ServiceOnInstance")]


@functools.cache
def stacks(text, target):
    """The root and the nested templates of a manifest, or None where the compiler refuses it."""
    place = scratch()
    (place / "compose.yaml").write_text(text)
    done = tranship("build", "--target", target, "--out", place / "out", cwd=place)
    if done.returncode not in (0, 2):
        raise AssertionError(f"exit {done.returncode}\n{done.stderr}")
    return read_stacks(place / "out") if done.returncode == 0 else None


def built(text, target):
    """The template of a manifest, nested stacks read as one, or None where the compiler refuses it."""
    made = stacks(text, target)
    return made and (whole(*made) if made[1] else made[0])


def places(text, target):
    """{logical id: its stack, None for the root}."""
    root, nested = stacks(text, target)
    inside = {name: stack for stack, one in nested.items() for name in one["Resources"]}
    return {**{name: None for name in root["Resources"]}, **inside}


def template(manifest, target):
    return built(json.dumps(manifest), target)


def pairs(target):
    """(name, template, template): the base and an edit of it, and other pairs of states."""
    states = [(name, edits.base(), edits.edited(name, target)) for name in edits.edits_of(target)]
    for name, (one, two) in edits.PAIRS.items():
        before, after = edits.base(), edits.base()
        one(before)
        two(after)
        states.append((name, before, after))
    with ThreadPoolExecutor(2) as pool:
        olds = pool.map(lambda state: template(state[1], target), states)
        news = pool.map(lambda state: template(state[2], target), states)
        return [(name, old, new) for (name, _, _), old, new in zip(states, olds, news, strict=True)]


def several(manifest, layout="nested"):
    """The same application as several stacks."""
    made = copy.deepcopy(manifest)
    made.setdefault("x-tranship", {})["stacks"] = layout
    return made


class SeveralStacks(unittest.TestCase):
    """An edit of an application of several stacks is one that AWS can make, as that of one stack."""

    def test_no_edit_moves_a_resource_and_each_is_as_good_as_in_one_stack(self):
        for target, (layout, first) in itertools.product(TARGETS, (("nested", 0), ("independent", SAMPLED // 2))):
            for name in list(edits.edits_of(target))[first::SAMPLED]:
                old, new = several(edits.base(), layout), several(edits.edited(name, target), layout)
                with self.subTest(f"{target}, {layout}: {name}"):
                    before, after = places(json.dumps(old), target), places(json.dumps(new), target)
                    self.assertGreater(len(set(before.values())), 3)
                    both = before.keys() & after.keys()
                    self.assertEqual({one: before[one] for one in both}, {one: after[one] for one in both})
                    for way, states in (("+", (old, new)), ("-", (new, old))):
                        kind, _ = known_of(name, way, target)
                        found = faults(*(template(state, target) for state in states))
                        self.assertEqual({kind} if kind else set(), {fault[0] for fault in found}, (way, found))

    def test_the_stacks_together_are_the_one_stack(self):
        for target in TARGETS:
            one, all_of_them = template(edits.base(), target), template(several(edits.base()), target)
            self.assertEqual(set(one["Resources"]), set(all_of_them["Resources"]))
            for name, resource in one["Resources"].items():
                self.assertEqual(resource.get("Properties"), all_of_them["Resources"][name].get("Properties"), name)

    def test_a_resource_that_moves_would_be_seen(self):
        text = json.dumps(several(edits.base()))
        moved = several(edits.base())
        moved["x-tranship"]["root_services"] = ["web"]
        before, after = places(text, "fargate"), places(json.dumps(moved), "fargate")
        self.assertEqual((before["WebService"], after["WebService"]), ("WebStack", None))


class EveryEdit(unittest.TestCase):
    def test_every_edit_in_both_directions(self):
        for target in TARGETS:
            judged = pairs(target)
            self.assertGreaterEqual(len(judged), 100)
            for name, old, new in judged:
                with self.subTest(f"{target}: {name}"):
                    self.assertIsNotNone(old, "the compiler refuses the first state")
                    self.assertIsNotNone(new, "the compiler refuses the second state")
                    for way, states in (("+", (old, new)), ("-", (new, old))):
                        kind, _ = known_of(name, way, target)
                        found = faults(*states)
                        self.assertEqual({kind} if kind else set(), {fault[0] for fault in found}, (way, found))

    def test_only_the_service_that_is_edited_is_deployed_again(self):
        for target in TARGETS:
            before = template(edits.base(), target)
            for name, about in edits.ABOUT.items():
                after = template(edits.edited(name, target), target)
                allowed = {about, *ALSO.get(name, ())}
                with self.subTest(f"{target}: {name}"):
                    found = {owner for owner in edits.base()["services"] if deployed(before, owner) != deployed(after, owner)}
                    self.assertEqual(set(), found - allowed)

    def test_the_order_of_services_means_nothing(self):
        for target in TARGETS:
            old, new = template(edits.base(), target), template(edits.edited("reorder_services", target), target)
            self.assertEqual(old["Resources"], new["Resources"])

    def test_the_reasons_are_told(self):
        page = (ROOT / "docs" / "changes.md").read_text()
        for _, reason in KNOWN.values():
            self.assertIn(f"\n### {reason}\n", page)

    def test_sequences_of_edits(self):
        judged = 0
        for target in TARGETS:
            for seed in SEEDS:
                names, manifests = edits.sequence(seed, target)
                made = [template(manifest, target) for manifest in manifests]
                known = {kind for (name, *_), (kind, _) in KNOWN.items() if any(name in step for step in names)}
                for step, old, new in zip(names, made, made[1:]):
                    if old is None or new is None:
                        continue
                    judged += 1
                    with self.subTest(f"{target} {seed}: {step}, after {names}"):
                        found = [fault for fault in faults(old, new) if fault[0] not in known]
                        self.assertEqual([], found)
        self.assertGreaterEqual(judged, 60)


class AnEarlierTranship(unittest.TestCase):
    """Templates of an earlier development version (tests/judges/earlier/README.md) to those of today."""

    def test_no_data_moves(self):
        for path in sorted(EARLIER.glob("*.json")):
            document = json.loads(path.read_text())
            for target, old in document["templates"].items():
                with self.subTest(f"{path.stem}: {target}"):
                    found = faults(read_template(json.dumps(old)), template(document["manifest"], target))
                    moving = [fault for fault in found if fault[0] in ("data_left_behind", "data_moves", "address_changes", "refused_by_aws")]
                    told = document.get("told", [])
                    self.assertEqual(sorted(told), sorted(fault[1] for fault in moving), moving)


# ---- seeded faults ---------------------------------------------------------------------------


def state(*names, target="fargate"):
    manifest = edits.base()
    for name in names:
        edits.edits_of(target)[name](manifest)
    made = template(manifest, target)
    assert made is not None, names
    return copy.deepcopy(made)


def resources(made, kind):
    return {name: one for name, one in made["Resources"].items() if one["Type"] == f"AWS::{kind}"}


def renamed(made, old, new):
    """Another logical id for a resource, everywhere."""
    text = json.dumps(made).replace(f'"{old}"', f'"{new}"').replace(f"${{{old}", f"${{{new}")
    return read_template(text)


def rules_by_service(made):
    """As rules would be named after their service: another id with the same priority."""
    for name, rule in list(resources(made, "ElasticLoadBalancingV2::ListenerRule").items()):
        target = rule["Properties"]["Actions"][0]["TargetGroupArn"]["Ref"]
        made = renamed(made, name, f"{target}Of{rule['Properties']['Priority']}")
    return made


def groups_by_port(made):
    """As target groups would be named after their port, and listeners wait for nothing."""
    for service in resources(made, "ECS::Service").values():
        for balancer in service["Properties"]["LoadBalancers"]:
            group = balancer["TargetGroupArn"]["Ref"]
            made = renamed(made, group, f"{group}{balancer['ContainerPort']}")
    for listener in resources(made, "ElasticLoadBalancingV2::Listener").values():
        listener.pop("DependsOn", None)
    return made


def without(kind, *keys):
    def change(made):
        for one in resources(made, kind).values():
            for key in keys:
                if one["Properties"].get(key) == []:
                    del one["Properties"][key]
        return made
    return change


def listeners_wait_for_nothing(made):
    for kind in ("Listener", "ListenerRule"):
        for one in resources(made, f"ElasticLoadBalancingV2::{kind}").values():
            one.pop("DependsOn", None)
    return made


def redirect_of_its_own(made):
    redirects = [name for name, one in resources(made, "ElasticLoadBalancingV2::Listener").items()
                 if one["Properties"]["DefaultActions"][0]["Type"] == "redirect"]
    return renamed(made, redirects[0], "RedirectListener") if redirects else made


def user_of(made):
    users = [one.get("User") for task in resources(made, "ECS::TaskDefinition").values()
             for one in task["Properties"]["ContainerDefinitions"] if one.get("MountPoints")]
    return sorted(user.split(":")[0] for user in users if user and user[0].isdigit() and user != "0")


def path_by_owner(made):
    for one in resources(made, "EFS::AccessPoint").values():
        one["Properties"]["RootDirectory"] = {"Path": "/" + "-".join(["data", *user_of(made)])}
    return made


def closed_folders(made):
    for one in resources(made, "EFS::AccessPoint").values():
        uid = "-".join(user_of(made)) or "0"
        one["Properties"]["PosixUser"] = {"Uid": uid, "Gid": uid}
        one["Properties"]["RootDirectory"]["CreationInfo"] = {"OwnerUid": uid, "OwnerGid": uid, "Permissions": "0755"}
    return made


def file_systems_go(made):
    for one in resources(made, "EFS::FileSystem").values():
        one["DeletionPolicy"] = "Delete"
    return made


def one_service_whatever_the_mode(made):
    for name in list(resources(made, "ECS::Service")):
        made = renamed(made, name, name.replace("ServiceOnInstance", "Service"))
    return made


def upgraded_by_itself(made):
    for one in resources(made, "RDS::DBInstance").values():
        one["Properties"] |= {"AutoMinorVersionUpgrade": True}
    return made


def no_major_upgrade(made):
    for one in resources(made, "RDS::DBInstance").values():
        one["Properties"].pop("AllowMajorVersionUpgrade", None)
    return made


def one_image_parameter(made):
    for name in ("InstanceImageArm", "InstanceImageGpu"):
        if name in made.get("Parameters", {}):
            made = renamed(made, name, "InstanceImage")
    return made


def no_labels(made):
    for one in resources(made, "ECS::TaskDefinition").values():
        for container in one["Properties"]["ContainerDefinitions"]:
            container.pop("DockerLabels", None)
    return made


def unattached(made):
    for name, one in resources(made, "ECS::Service").items():
        one["DependsOn"] = [other for other in one.get("DependsOn", []) if not other.startswith("PortAttachment")]
    return made


def runs_on_spot(made):
    for one in made["Resources"].values():
        if one["Type"] == "Custom::TaskRun":
            one["Properties"]["Capacity"] = [{"Provider": "FARGATE_SPOT", "Weight": 1}]
    return made


def a_minute_of_names(made):
    for one in resources(made, "ServiceDiscovery::Service").values():
        one["Properties"]["DnsConfig"]["DnsRecords"][0]["TTL"] = 60
    return made


def in_any_order(made):
    for name, one in resources(made, "ECS::Service").items():
        depends = one.get("DependsOn", [])
        depends = [depends] if isinstance(depends, str) else depends
        one["DependsOn"] = [other for other in depends if not other.endswith("Service")]
    return made


def scheme(made):
    for one in resources(made, "ElasticLoadBalancingV2::LoadBalancer").values():
        one["Properties"]["Scheme"] = "internal"
    return made


def same_rule_under_another_id(made):
    for name in list(resources(made, "EC2::SecurityGroupIngress")):
        made = renamed(made, name, f"{name}Again")
    return made


def log_groups_by_number(made):
    for name in list(resources(made, "Logs::LogGroup")):
        made = renamed(made, name, f"{name}2")
    return made


SEEDED = [
    # (what is found, the edits before, the edits after, the target, what is undone in both or in the second alone)
    ("kept_unless_named", ["base"], ["public_off"], "fargate", without("ECS::Service", "LoadBalancers"), True),
    ("kept_unless_named", ["base"], ["last_client_goes"], "fargate", without("ECS::Service", "ServiceRegistries"), True),
    ("kept_unless_named", ["posture"], ["base"], "fargate", without("RDS::DBInstance", "EnableCloudwatchLogsExports"), True),
    ("key_held_twice", ["base"], ["https"], "fargate", redirect_of_its_own, True),
    ("key_held_twice", ["base"], ["rename_api"], "fargate", rules_by_service, True),
    ("key_held_twice", ["base"], ["swap_paths"], "ecs-ec2", rules_by_service, True),
    ("key_held_twice", ["base"], ["image"], "fargate", same_rule_under_another_id, False),
    ("key_held_twice", ["base"], ["image"], "fargate", log_groups_by_number, False),
    ("data_moves", ["base"], ["user_goes"], "fargate", path_by_owner, True),
    ("data_moves", ["base"], ["other_user_of_data"], "ecs-ec2", closed_folders, True),
    ("data_left_behind", ["base"], ["remove_volume"], "fargate", file_systems_go, True),
    ("switched_too_early", ["base"], ["container_port"], "fargate", groups_by_port, True),
    ("switched_too_early", ["base"], ["rename_web"], "fargate", listeners_wait_for_nothing, True),
    ("switched_too_early", ["base"], ["first_client_comes"], "ecs-ec2", listeners_wait_for_nothing, True),
    ("redirected_too_early", ["base"], ["https"], "fargate", listeners_wait_for_nothing, True),
    ("unattached_target_group", ["base"], ["add_public_service"], "fargate", unattached, True),
    ("refused_by_aws", ["base"], ["first_client_comes"], "ecs-ec2", one_service_whatever_the_mode, True),
    ("refused_by_aws", ["base"], ["database_major"], "fargate", no_major_upgrade, True),
    ("looks_like_a_downgrade_later", ["base"], ["image"], "fargate", upgraded_by_itself, True),
    ("old_value_is_kept", ["instance_type"], ["arm_instances"], "ecs-ec2", one_image_parameter, True),
    ("reader_not_rolled", ["base"], ["database_name"], "fargate", no_labels, True),
    ("switched_before_it_runs", ["spot"], ["spot", "image"], "fargate", runs_on_spot, True),
    ("old_address_lives_on", ["base"], ["image"], "fargate", a_minute_of_names, True),
    ("client_before_server", ["base"], ["add_service_with_client"], "fargate", in_any_order, True),
    ("address_changes", ["base"], ["image"], "fargate", scheme, False),
]


class SeededFaults(unittest.TestCase):
    """A judge that finds nothing anywhere would pass every edit."""

    def test_each_is_found(self):
        for kind, before, after, target, undone, both in SEEDED:
            with self.subTest(f"{kind}: {undone.__name__} on {target}, {before} to {after}"):
                old, new = (state(*(name for name in names if name != "base"), target=target) for names in (before, after))
                self.assertNotIn(kind, {fault[0] for fault in faults(old, new)})
                found = faults(undone(old) if both else old, undone(new))
                self.assertIn(kind, {fault[0] for fault in found}, found)

    def test_too_many_at_once(self):
        old, new = state("many_hosts"), state("many_hosts")
        for made, prefix in ((old, "Old"), (new, "New")):
            rules = resources(made, "ElasticLoadBalancingV2::ListenerRule")
            for number in range(40):
                first = copy.deepcopy(next(iter(rules.values())))
                first["Properties"]["Priority"] = 49_000 + number + (100 if prefix == "New" else 0)
                made["Resources"][f"{prefix}{number}"] = first
        self.assertIn("too_many_at_once", {fault[0] for fault in faults(old, new)})

    def test_a_template_is_no_fault_of_itself(self):
        for environment in ("staging", "prod"):
            made = read_template((compiled(environment, FIXTURE) / "template.yaml").read_text())
            self.assertEqual([], faults(made, made))
