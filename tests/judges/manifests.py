"""Makes up Compose manifests: mostly legal, in every spelling that the short and long forms allow.

The same seed makes the same manifest. Each key has one method, which returns some value for it.
"""

import json
import random


class Generator:
    KEYS = (
        "command", "entrypoint", "environment", "ports", "volumes", "healthcheck", "labels", "restart", "user", "expose",
        "deploy", "networks", "stop_grace_period", "mem_limit", "ulimits", "extra_hosts", "build", "logging", "tmpfs",
        "working_dir", "hostname", "init", "cap_add", "dns", "sysctls", "read_only", "shm_size", "configs", "profiles",
        "env_file", "pull_policy", "platform", "stop_signal", "tty", "annotations", "group_add", "security_opt", "cpus",
        "secrets", "devices", "develop", "post_start", "label_file", "gpus", "blkio_config", "cpu_shares", "pids_limit", "memswap_limit",
        "oom_score_adj", "storage_opt", "device_cgroup_rules", "ipc", "userns_mode", "scale", "domainname", "mac_address", "runtime",
    )

    def __init__(self, seed):
        self.random = random.Random(seed)

    # ---- pieces

    def pick(self, *options):
        return self.random.choice(options)

    def maybe(self, chance=0.5):
        return self.random.random() < chance

    def some(self, pool, most=3):
        return self.random.sample(list(pool), self.random.randint(1, min(most, len(pool))))

    def word(self):
        return self.pick("alpha", "beta-1", "gamma_2", "delta.x", "Epsilon", "z9")

    def text(self):
        return self.pick("plain", "two words", "${TAG}", "v${TAG:-1}", "${UNSET:-fallback}", "${UNSET-}", "a$$b", "${TAG:+set}",
                         "it's", 'say "hi"', "tab\there", "ünï", "${NESTED:-${TAG}}", "1.50", "#no", "a: b", "-x", "*y", "")

    def scalar(self):
        return self.pick(self.text(), 7, 0, -3, 1.5, True, False, None, "yes", "0x1F", "1e3", "017")

    def mapping_or_list(self, names, value):
        entries = {name: value() for name in names}
        if self.maybe():
            return entries
        return [name if item is None else f"{name}={self.spelled(item)}" for name, item in entries.items()]

    @staticmethod
    def spelled(value):
        return json.dumps(value) if isinstance(value, bool) else str(value)

    # ---- keys

    def command(self):
        return self.pick("run --flag 'two words' x", ["run", "--flag=${TAG}", "a b"], "sh -c \"echo $$HOME\"", [], "one")

    entrypoint = command

    def environment(self):
        return self.mapping_or_list(self.some(["A", "B_C", "PATHLIKE", "TAG", "UNSET", "x.y"], 4), self.scalar)

    def labels(self):
        return self.mapping_or_list(self.some(["com.example.a", "plain", "traefik.rule"]), lambda: self.pick(self.text(), 3, True))

    annotations = labels

    def ports(self):
        start = self.random.randint(1000, 20000)
        return self.some([
            start, f"{start + 1}:80", f"127.0.0.1:{start + 2}:81", f"{start + 3}-{start + 5}:90-92", "93/udp", f"{start + 9}:94/tcp",
            f"[::1]:{start + 10}:95", "127.0.0.1::96", f"{start + 11}:${{PORT:-97}}",
            {"target": 98, "published": str(start + 12), "protocol": "tcp", "mode": "host"}, {"target": 99, "host_ip": "127.0.0.1"},
            {"target": 100, "published": start + 13, "name": "web", "app_protocol": "http"},
        ], 4)

    def volumes(self):
        return self.some([
            "data:/data", "data:/ro:ro", "./src:/src", "./a/../b:/b:rw", "/abs:/abs", "/anonymous", "~/home:/home:ro", "cache:/cache:nocopy",
            {"type": "bind", "source": "./x", "target": "/x", "read_only": True}, {"type": "tmpfs", "target": "/t", "tmpfs": {"size": "64m"}},
            {"type": "volume", "source": "data", "target": "/d", "volume": {"nocopy": True}}, {"type": "volume", "target": "/v"},
            {"type": "bind", "source": "./y", "target": "/y", "bind": {"create_host_path": False, "propagation": "rshared"}},
        ], 4)

    def healthcheck(self):
        check = {"test": self.pick("curl -f localhost", ["CMD", "true"], ["CMD-SHELL", "exit ${CODE:-0}"], ["NONE"])}
        for key in self.some(["interval", "timeout", "start_period", "start_interval"]):
            check[key] = self.duration()
        if self.maybe():
            check["retries"] = self.pick(3, "4", "${RETRIES:-5}")
        return self.pick(check, check, {"disable": True})

    def duration(self):
        return self.pick("10s", "1m30s", "90s", "1h", "500ms", "2h45m", "1m")

    stop_grace_period = duration

    def size(self):
        return self.pick("64m", "1g", "512k", "1.5gb", "1024", 2048, "2GB", "300mb")

    mem_limit = shm_size = size

    def restart(self):
        return self.pick("no", "always", "unless-stopped", "on-failure", "on-failure:3", False)

    def user(self):
        return self.pick("1000", "1000:1000", "www-data", "${UID_:-7}")

    def expose(self):
        return self.some([3000, "3001", "3002-3004", "3005/udp"])

    def deploy(self):
        resources = {"limits": {"cpus": self.pick("0.5", 2, 0.25), "memory": self.size()}, "reservations": {"memory": self.size()}}
        return self.pick(
            {"replicas": self.pick(2, "3", "${N:-4}")}, {"resources": resources}, {"mode": "global", "labels": self.labels()},
            {"restart_policy": {"condition": "on-failure", "delay": "5s", "max_attempts": 3, "window": "2m"}},
            {"update_config": {"parallelism": 2, "delay": "10s", "order": "start-first"}, "endpoint_mode": "dnsrr"},
            {"placement": {"constraints": ["node.role == worker"], "preferences": [{"spread": "zone"}]}},
        )

    def networks(self):
        return self.pick(["front"], ["front", "back"], {"front": None, "back": {"aliases": ["b1", "b2"]}}, {"back": {"priority": 5}})

    def ulimits(self):
        return {"nofile": self.pick(1024, {"soft": 100, "hard": 200}), "nproc": 65535}

    def extra_hosts(self):
        return self.pick(["a:10.0.0.1", "b=10.0.0.2"], {"a": "10.0.0.3"}, ["six:::1"])

    def build(self):
        return self.pick(".", "./dir", {"context": "./dir", "dockerfile": "D", "args": self.mapping_or_list(["A", "TAG"], lambda: self.pick("1", 2, True))},
                         {"context": ".", "target": "t", "labels": ["a=b"], "cache_from": ["x"], "platforms": ["linux/amd64"], "shm_size": "1g"},
                         {"context": "https://github.com/example/repo.git#main:sub"})

    def logging(self):
        return {"driver": self.pick("json-file", "syslog"), "options": self.pick({"max-size": "10m", "max-file": 3}, {"tag": "${TAG}"})}

    def tmpfs(self):
        return self.pick("/run", ["/run", "/tmp:size=64m"])

    def working_dir(self):
        return self.pick("/app", "relative", "/a/${TAG}")

    def hostname(self):
        return self.word().lower()

    def flag(self):
        return self.pick(True, False, "yes", "${FLAG:-true}")

    init = read_only = tty = flag

    def cap_add(self):
        return self.some(["NET_ADMIN", "SYS_PTRACE", "ALL"])

    def dns(self):
        return self.pick("8.8.8.8", ["8.8.8.8", "1.1.1.1"])

    def sysctls(self):
        return self.pick({"net.core.somaxconn": 1024}, ["net.ipv4.tcp_syncookies=0"])

    def configs(self):
        return self.pick(["settings"], [{"source": "settings", "target": "/etc/s", "mode": 0o440, "uid": "103"}], [{"source": "settings"}])

    def profiles(self):
        return self.some(["debug", "extra"])

    def env_file(self):
        return self.pick("service.env", ["service.env"], [{"path": "service.env", "required": True}], [{"path": "absent.env", "required": False}])

    def pull_policy(self):
        return self.pick("always", "missing", "never", "build")

    def platform(self):
        return self.pick("linux/amd64", "linux/arm64/v8")

    def stop_signal(self):
        return self.pick("SIGINT", "SIGTERM")

    def group_add(self):
        return self.some(["mail", "1234"])

    def security_opt(self):
        return self.some(["no-new-privileges:true", "label=disable"])

    def cpus(self):
        return self.pick(0.5, "1.5", 2)

    def secrets(self):
        return self.pick(["token"], [{"source": "token", "target": "/t", "mode": "0400"}], [{"source": "token", "uid": "1"}])

    def devices(self):
        return self.some(["/dev/null", "/dev/zero:/dev/z", "/dev/full:/dev/f:rw", {"source": "/dev/a", "target": "/dev/b", "permissions": "r"}])

    def develop(self):
        return {"watch": [{"path": "./src", "action": self.pick("sync", "rebuild"), "target": "/src", "ignore": ["node_modules/"]}]}

    def post_start(self):
        return [{"command": self.pick("echo 'a b'", ["x", "y"]), "user": "root", "environment": self.pick(["A=${TAG}"], {"A": 1})}]

    def label_file(self):
        return self.pick("labels", ["labels"])

    def gpus(self):
        return self.pick("all", [{"driver": "nvidia", "count": 2}], [{"device_ids": ["0"], "capabilities": ["gpu"]}])

    def blkio_config(self):
        return {"weight": 300, "device_read_bps": [{"path": "/dev/sda", "rate": self.pick("12mb", 1024)}]}

    def cpu_shares(self):
        return self.pick(73, "512")

    pids_limit = cpu_shares

    def memswap_limit(self):
        return self.pick("2g", -1)

    def oom_score_adj(self):
        return self.pick(500, -500)

    def storage_opt(self):
        return {"size": "1G"}

    def device_cgroup_rules(self):
        return ["c 1:3 mr", "a 7:* rmw"]

    def ipc(self):
        return self.pick("host", "shareable")

    def userns_mode(self):
        return "host"

    def scale(self):
        return self.pick(2, "3")

    def domainname(self):
        return "example.com"

    def mac_address(self):
        return "02:42:ac:11:65:43"

    def runtime(self):
        return "runc"

    # ---- whole manifests

    def service(self, earlier):
        made = {"image": self.pick("nginx", "nginx:${TAG}", "registry.example.com:5000/team/app@sha256:" + "a" * 64)}
        for key in self.some(self.KEYS, 7):
            made[key] = getattr(self, key)()
        if earlier and self.maybe(0.4):
            made["depends_on"] = self.dependencies(earlier)
        if earlier and self.maybe(0.2):
            made["extends"] = self.pick(self.random.choice(earlier), {"service": self.random.choice(earlier)})
        return made

    def dependencies(self, earlier):
        chosen = self.some(earlier)
        if self.maybe():
            return chosen
        conditions = ("service_started", "service_healthy", "service_completed_successfully")
        return {name: {"condition": self.pick(*conditions)} | ({"restart": True} if self.maybe() else {}) for name in chosen}

    def manifest(self):
        names = ["web", "worker", "db", "a-1", "b_2"][: self.random.randint(1, 5)]
        services = {}
        for name in names:
            services[name] = self.service(list(services))
        manifest = {"services": services, "networks": {"front": None, "back": self.pick(None, {"internal": True}, {"driver": "bridge", "driver_opts": {"mtu": 1450}})},
                    "volumes": {"data": self.pick(None, {"driver": "local"}, {"external": True}, {"labels": {"a": "b"}}), "cache": None},
                    "configs": {"settings": self.pick({"file": "./settings.conf"}, {"content": "x=${TAG}"}, {"environment": "TAG"})},
                    "secrets": {"token": self.pick({"file": "./settings.conf"}, {"environment": "TAG"}, {"external": True})}}
        if self.maybe():
            manifest["name"] = self.pick("made-up", "made_up2")
        if self.maybe(0.3):
            manifest["x-anything"] = {"deep": [1, "two", {"three": None}]}
        return manifest

    def override(self, manifest):
        name = self.random.choice(list(manifest["services"]))
        keys = self.some(["environment", "labels", "ports", "volumes", "command", "deploy", "networks", "healthcheck", "dns", "expose"])
        return {"services": {name: {key: getattr(self, key)() for key in keys}}}

    def write(self, directory):
        """Writes a project; returns (arguments, environment)."""
        manifest = self.manifest()
        # JSON is YAML, so the scalars mean what they say here.
        (directory / "compose.yaml").write_text(json.dumps(manifest, indent=1, ensure_ascii=False))
        (directory / "service.env").write_text("FROM_FILE=1\nQUOTED=\"a b\"\nexport X='$no'\n# comment\nREF=${TAG}\n")
        (directory / "labels").write_text("com.example.file=1\nREF=${TAG}\n")
        (directory / "settings.conf").write_text("x=1\n")
        (directory / ".env").write_text("TAG=from-dotenv\n")
        if self.maybe(0.4):
            (directory / "compose.override.yaml").write_text(json.dumps(self.override(manifest), indent=1, ensure_ascii=False))
        arguments = ["--profile", self.pick("debug", "extra", "*")] if self.maybe(0.4) else []
        return arguments, {"TAG": "from-shell"} if self.maybe(0.3) else {}
