"""Edits of an application, as people make them between two deployments, and seeded sequences of them.

An edit is a function that changes a manifest in place. Each is judged in both directions: what one person adds another removes.
"""

import copy
import random

CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"


def base():
    """A shop: a page and an interface that are public, a worker, a cache, a database, files, a migration."""
    return {
        "name": "shop",
        "services": {
            "web": {"image": "acme/web:1", "ports": ["80:8080"], "depends_on": ["api"],
                    "environment": {"API_URL": "http://api:9000", "LEVEL": "info"}, "x-tranship": {"public": True}},
            "api": {"image": "acme/api:1", "ports": ["9000:9000"], "user": "1000:1000", "volumes": ["files:/files"], "depends_on": ["db"],
                    "environment": {"DATABASE_URL": "postgres://shop:hunter2hunter2@db:5432/shop", "API_KEY": "k3y-9f8e7d6c5b4a"},
                    "x-tranship": {"public": {"path": "/api/*"}}},
            "worker": {"image": "acme/worker:1", "environment": {"CACHE": "redis://cache:6379", "DATABASE_HOST": "db"}, "depends_on": ["db"]},
            "cache": {"image": "redis:7", "volumes": ["cache-data:/data"]},
            "db": {"image": "postgres:17", "environment": {"POSTGRES_DB": "shop", "POSTGRES_USER": "shop", "POSTGRES_PASSWORD": "hunter2hunter2"},
                   "x-tranship": {"database": {"engine": "postgres", "version": "16", "class": "db.t4g.micro", "storage": 20}}},
            "migrate": {"image": "acme/api:1", "command": ["migrate"], "environment": {"DATABASE_URL": "postgres://shop:hunter2hunter2@db:5432/shop"},
                        "depends_on": ["db"], "x-tranship": {"job": "before-deploy"}},
        },
        "volumes": {"files": {}, "cache-data": {}, "spare": {}},
        "x-tranship": {"posture": "dev"},
    }


EDITS = {}
# The service that an edit is about, where it is one.
ABOUT = {}


def edit(function):
    EDITS[function.__name__] = function
    return function


def settings(manifest):
    return manifest["x-tranship"]


def service(manifest, name):
    return manifest["services"].setdefault(name, {"image": "busybox:1"})


def database(manifest):
    return service(manifest, "db").setdefault("x-tranship", {}).setdefault("database", {"engine": "postgres"})


def own(manifest, name):
    return service(manifest, name).setdefault("x-tranship", {})


def setting(name, value):
    """An edit that sets a key of a service."""
    def change(manifest, path=name):
        place = manifest
        *way, last = path.split("/")
        for key in way:
            place = place.setdefault(key, {})
        place[last] = copy.deepcopy(value)
    return change


def rename(manifest, old, new):
    services = manifest["services"]
    manifest["services"] = {new if name == old else name: value for name, value in services.items()}


def replace_text(value, old, new):
    if isinstance(value, dict):
        return {key: replace_text(member, old, new) for key, member in value.items()}
    if isinstance(value, list):
        return [replace_text(member, old, new) for member in value]
    return value.replace(old, new) if isinstance(value, str) else value


# ---- keys that are set to something else

for label, path, value in [
    ("image", "services/web/image", "acme/web:2"),
    ("image_of_worker", "services/worker/image", "acme/worker:2"),
    ("command", "services/worker/command", ["run", "--fast"]),
    ("entrypoint", "services/worker/entrypoint", ["/start"]),
    ("variable", "services/web/environment/LEVEL", "debug"),
    ("new_variable", "services/web/environment/COLOUR", "blue"),
    ("variable_of_migration", "services/migrate/environment/VERBOSE", "1"),
    ("health_check", "services/api/healthcheck", {"test": ["CMD", "true"], "interval": "10s"}),
    ("health_check_of_balancer", "services/web/x-tranship/public", {"health_check": {"path": "/healthz"}}),
    ("health_codes", "services/web/x-tranship/public", {"health_check": {"codes": "200-299"}}),
    ("container_port", "services/web/ports", ["80:3000"]),
    ("port_of_api", "services/api/ports", ["9000:9500"]),
    ("user", "services/web/user", "101:101"),
    ("other_user_of_data", "services/api/user", "2000:2000"),
    ("root_owns_data", "services/api/user", "0:0"),
    ("owner_of_volume", "volumes/files/x-tranship", {"owner": "33:33"}),
    ("volume_of_worker", "services/worker/volumes", ["files:/files"]),
    ("second_volume", "services/worker/volumes", ["spare:/jobs"]),
    ("mount_path", "services/api/volumes", ["files:/srv/files"]),
    ("read_only_mount", "services/api/volumes", ["files:/files:ro"]),
    ("tmpfs", "services/worker/tmpfs", ["/scratch"]),
    ("cpu", "services/api/cpus", "0.5"),
    ("memory", "services/api/mem_limit", "1g"),
    ("reservation", "services/worker/deploy", {"resources": {"reservations": {"memory": "300m"}}}),
    ("replicas", "services/worker/deploy", {"replicas": 3}),
    ("replicas_of_web", "services/web/deploy", {"replicas": 2}),
    ("no_replica", "services/worker/deploy", {"replicas": 0}),
    ("update_order", "services/worker/deploy", {"update_config": {"order": "stop-first"}}),
    ("stop_grace_period", "services/worker/stop_grace_period", "40s"),
    ("init", "services/worker/init", True),
    ("labels", "services/worker/labels", {"team": "a"}),
    ("working_dir", "services/worker/working_dir", "/srv"),
    ("ulimits", "services/worker/ulimits", {"nofile": {"soft": 1024, "hard": 4096}}),
    ("read_only_root", "services/worker/read_only", True),
    ("public_host", "services/web/x-tranship/public", {"host": "shop.example.org"}),
    ("two_hosts", "services/web/x-tranship/public", {"host": ["shop.example.org", "www.example.org"]}),
    ("public_path", "services/web/x-tranship/public", {"path": "/shop/*"}),
    ("path_of_api", "services/api/x-tranship/public", {"path": "/v2/*"}),
    ("host_of_api", "services/api/x-tranship/public", {"host": "api.example.org"}),
    ("host_and_path_of_api", "services/api/x-tranship/public", {"host": "api.example.org", "path": "/v1/*"}),
    ("priority", "services/api/x-tranship/public", {"path": "/api/*", "priority": 7}),
    ("listener_port", "services/api/x-tranship/public", {"port": 8443}),
    ("sticky", "services/web/x-tranship/public", {"sticky": True}),
    ("slow_start", "services/web/x-tranship/public", {"slow_start": 60}),
    ("idle_timeout", "services/web/x-tranship/public", {"idle_timeout": 300}),
    ("thresholds", "services/web/x-tranship/public", {"health_check": {"interval": 30, "timeout": 10, "healthy": 5, "unhealthy": 2}}),
    ("health_port", "services/web/x-tranship/public", {"health_check": {"port": 8081, "path": "/healthz"}}),
    ("own_health_check", "services/web/healthcheck", {"test": "curl -f localhost:8080/up", "start_period": "90s"}),
    ("allowed_networks", "services/web/x-tranship/public", {"allow": ["203.0.113.0/24", "2001:db8::/32"]}),
    ("allowed_networks_of_api", "services/api/x-tranship/public", {"path": "/api/*", "allow": ["203.0.113.0/24"]}),
    ("internal", "services/web/x-tranship/public", {"internal": True}),
    ("internal_api", "services/api/x-tranship/public", {"path": "/api/*", "internal": True}),
    ("seven_hosts", "services/web/x-tranship/public", {"host": [f"h{number}.example.org" for number in range(7)]}),
    ("own_certificate", "services/web/x-tranship/public", {"host": "shop.example.org", "certificate": CERTIFICATE}),
    ("host_in_zone", "services/web/x-tranship/public", {"host": "shop.example.org", "zone": "Z0123456789ABCDEFGHIJ"}),
    ("tls_in_container", "services/web/x-tranship/public", {"protocol": "https"}),
    ("tcp", "services/web/x-tranship/public", {"protocol": "tcp"}),
    ("tcp_on_another_port", "services/web/x-tranship/public", {"protocol": "tcp", "port": 9999}),
    ("tcp_worker", "services/worker", {"image": "acme/worker:1", "ports": ["7000:7000"], "x-tranship": {"public": {"protocol": "tcp", "idle_timeout": 600}}}),
    ("udp_worker", "services/worker", {"image": "acme/worker:1", "ports": ["7000:7000/udp", "7001:7001"], "x-tranship": {"public": {"protocol": "udp"}}}),
    ("public_off", "services/web/x-tranship", {"public": False}),
    ("public_off_of_api", "services/api/x-tranship", {"public": False}),
    ("public_worker", "services/worker", {"image": "acme/worker:1", "ports": ["7000:7000"], "x-tranship": {"public": {"path": "/jobs/*"}}}),
    ("https", "x-tranship/https", {"certificate": CERTIFICATE}),
    ("domain", "x-tranship/https", {"certificate": CERTIFICATE, "domain": "shop.example.org"}),
    ("domain_in_zone", "x-tranship/https", {"certificate": CERTIFICATE, "domain": "shop.example.org", "zone": "Z0123456789ABCDEFGHIJ"}),
    ("two_certificates", "x-tranship/https", {"certificate": CERTIFICATE, "certificates": [CERTIFICATE.replace("1234-", "4321-")]}),
    ("database_class", "services/db/x-tranship/database/class", "db.r7g.large"),
    ("database_storage", "services/db/x-tranship/database/storage", 100),
    ("database_major", "services/db/x-tranship/database/version", "17"),
    ("database_minor", "services/db/x-tranship/database/version", "16.14"),
    ("database_name", "services/db/environment/POSTGRES_DB", "shop2"),
    ("database_user", "services/db/x-tranship/database/username", "owner"),
    ("scale", "services/web/x-tranship/scale", {"min": 2, "max": 8, "cpu": 60}),
    ("scale_by_memory", "services/worker/x-tranship/scale", {"min": 1, "max": 4, "memory": 70}),
    ("permissions", "services/worker/x-tranship/permissions", [{"actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::shop/*"]}]),
    ("manual_job", "services/migrate/x-tranship/job", "manual"),
    ("scheduled_job", "services/migrate/x-tranship/job", {"schedule": "cron(0 3 * * ? *)"}),
    ("command_of_migration", "services/migrate/command", ["migrate", "--all"]),
    ("secret_variable", "services/worker/environment/SECRET_TOKEN", "t0k3n-1a2b3c4d5e6f"),
    ("secret_in_url", "services/worker/environment/DATABASE_URL", "postgres://shop:hunter2hunter2@db:5432/shop"),
    ("path_in_url", "services/api/environment/DATABASE_URL", "postgres://shop:hunter2hunter2@db:5432/shop?sslmode=require"),
    ("posture", "x-tranship/posture", "prod"),
    ("tags", "x-tranship/tags", {"team": "shop"}),
    ("namespace", "x-tranship/discovery", {"namespace": "services.example.org"}),
    ("log_retention", "x-tranship/log_retention", 30),
    ("egress", "x-tranship/egress", "declared"),
    ("existing_network", "x-tranship/network", {"vpc": "vpc-0123456789abcdef0", "public_subnets": ["subnet-0123456789abcdef1", "subnet-0123456789abcdef2"],
                                                "private_subnets": ["subnet-0123456789abcdef3", "subnet-0123456789abcdef4"]}),
    ("new_network", "x-tranship/network", "new"),
    ("platform", "services/worker/platform", "linux/arm64"),
]:
    EDITS[label] = setting(path, value)
    if path.startswith("services/"):
        ABOUT[label] = path.split("/")[1]


# ---- services and volumes that come, go and change their names

@edit
def add_service(manifest):
    manifest["services"]["mailer"] = {"image": "acme/mailer:1", "expose": ["2525"]}


@edit
def add_service_with_client(manifest):
    manifest["services"]["search"] = {"image": "acme/search:1", "expose": ["9200"]}
    service(manifest, "api").setdefault("environment", {})["SEARCH"] = "http://search:9200"


@edit
def add_public_service(manifest):
    manifest["services"]["admin"] = {"image": "acme/admin:1", "ports": ["8081:8081"], "x-tranship": {"public": {"host": "admin.example.org"}}}


@edit
def remove_worker(manifest):
    manifest["services"].pop("worker", None)


@edit
def remove_cache(manifest):
    manifest["services"].pop("cache", None)
    service(manifest, "worker").get("environment", {}).pop("CACHE", None)


@edit
def remove_migration(manifest):
    manifest["services"].pop("migrate", None)


@edit
def rename_worker(manifest):
    rename(manifest, "worker", "labourer")


@edit
def rename_cache(manifest):
    rename(manifest, "cache", "store")
    service(manifest, "worker").setdefault("environment", {})["CACHE"] = "redis://store:6379"


@edit
def rename_web(manifest):
    rename(manifest, "web", "site")


@edit
def rename_api(manifest):
    rename(manifest, "api", "backend")
    manifest["services"] = replace_text(manifest["services"], "api:9000", "backend:9000")
    web = manifest["services"].get("web", {})
    web["depends_on"] = ["backend"]


@edit
def reorder_services(manifest):
    manifest["services"] = dict(reversed(manifest["services"].items()))


@edit
def last_client_goes(manifest):
    """Nobody calls the interface by its name any more."""
    web = service(manifest, "web")
    web.get("environment", {}).pop("API_URL", None)
    web.pop("depends_on", None)


@edit
def first_client_comes(manifest):
    service(manifest, "worker").setdefault("environment", {})["WEB"] = "http://web:8080"


@edit
def add_sidecar(manifest):
    manifest["services"]["proxy"] = {"image": "acme/proxy:1", "network_mode": "service:web"}


@edit
def swap_paths(manifest):
    own(manifest, "web")["public"] = {"path": "/api/*"}
    own(manifest, "api")["public"] = True


@edit
def second_public_port(manifest):
    service(manifest, "web").setdefault("ports", []).append("8090:8090")
    own(manifest, "web")["public"] = [{"container_port": 8080}, {"container_port": 8090, "path": "/second/*"}]


@edit
def rename_volume(manifest):
    manifest["volumes"]["uploads"] = manifest["volumes"].pop("files", {})
    service(manifest, "api")["volumes"] = ["uploads:/files"]


@edit
def remove_volume(manifest):
    manifest["volumes"].pop("files", None)
    for one in manifest["services"].values():
        one["volumes"] = [volume for volume in one.get("volumes", []) if not volume.startswith("files:")]


@edit
def user_goes(manifest):
    service(manifest, "api").pop("user", None)


@edit
def database_engine(manifest):
    """Another engine is another database."""
    service(manifest, "db").update({"image": "mysql:8.4", "environment": {"MYSQL_DATABASE": "shop", "MYSQL_USER": "shop", "MYSQL_PASSWORD": "hunter2hunter2",
                                                                          "MYSQL_ROOT_PASSWORD": "hunter3hunter3"}})
    own(manifest, "db")["database"] = {"engine": "mysql", "version": "8.4", "class": "db.t4g.micro", "storage": 20}
    manifest["services"] = replace_text(manifest["services"], "postgres://shop:hunter2hunter2@db:5432", "mysql://shop:hunter2hunter2@db:3306")


@edit
def database_version_unset(manifest):
    database(manifest).pop("version", None)


@edit
def second_database(manifest):
    manifest["services"]["stats"] = {"image": "postgres:17", "environment": {"POSTGRES_DB": "stats", "POSTGRES_USER": "stats",
                                                                           "POSTGRES_PASSWORD": "hunter4hunter4"},
                                     "x-tranship": {"database": {"engine": "postgres", "version": "17"}}}
    service(manifest, "worker").setdefault("environment", {})["STATS"] = "postgres://stats:hunter4hunter4@stats:5432/stats"


@edit
def use_network(manifest):
    manifest["networks"] = {"front": {}, "back": {}}
    service(manifest, "web")["networks"] = ["front", "back"]
    service(manifest, "api")["networks"] = ["back"]


@edit
def job_becomes_service(manifest):
    own(manifest, "migrate").pop("job", None)


@edit
def second_job(manifest):
    manifest["services"]["seed"] = {"image": "acme/api:1", "command": ["seed"], "depends_on": ["db"], "x-tranship": {"job": "before-deploy"}}


@edit
def shared_folder_of_a_task(manifest):
    """A helper in the same task fills a folder: the volume lives as long as the task."""
    manifest["services"]["assets"] = {"image": "acme/web:1", "command": ["collect"], "volumes": ["spare:/public"]}
    service(manifest, "web")["volumes"] = ["spare:/public"]
    service(manifest, "web")["depends_on"] = {"api": {"condition": "service_started"}, "assets": {"condition": "service_completed_successfully"}}


@edit
def file_of_the_project(manifest):
    service(manifest, "worker")["configs"] = [{"source": "conf", "target": "/etc/worker.conf"}]
    manifest["configs"] = {"conf": {"content": "a = 1"}}


@edit
def file_from_a_secret(manifest):
    service(manifest, "worker")["secrets"] = ["key"]
    manifest["secrets"] = {"key": {"environment": "KEY_OF_WORKER"}}


@edit
def existing_secret(manifest):
    own(manifest, "worker")["secrets"] = {"TOKEN": {"from": "arn:aws:secretsmanager:us-east-1:123456789012:secret:token-AbCdEf"}}


@edit
def late_bound(manifest):
    service(manifest, "worker")["image"] = "acme/worker:${WORKER_VERSION:-1}"
    settings(manifest)["late_bound"] = ["WORKER_VERSION"]


@edit
def many_hosts(manifest):
    """Twenty services, each with a host of its own."""
    for number in range(20):
        manifest["services"][f"tenant{number}"] = {"image": "acme/tenant:1", "ports": [f"{8100 + number}:80"],
                                                   "x-tranship": {"public": {"host": f"tenant{number}.example.org"}}}


@edit
def nothing_public(manifest):
    for one in manifest["services"].values():
        one.get("x-tranship", {}).pop("public", None)
        one.pop("ports", None)


# ---- from one state to another that is not the base

def both(*edits):
    def change(manifest):
        for one in edits:
            one(manifest)
    return change


def public(name, value):
    return setting(f"services/{name}/x-tranship/public", value)


NETWORK = {"vpc": "vpc-0123456789abcdef0", "public_subnets": ["subnet-0123456789abcdef1", "subnet-0123456789abcdef2"],
           "private_subnets": ["subnet-0123456789abcdef3", "subnet-0123456789abcdef4"]}
PAIRS = {
    "hosts_swapped": (both(public("web", {"host": "a.example.org"}), public("api", {"host": "b.example.org"})),
                      both(public("web", {"host": "b.example.org"}), public("api", {"host": "a.example.org"}))),
    "priorities_swapped": (both(public("web", {"path": "/a/*", "priority": 1}), public("api", {"path": "/b/*", "priority": 2})),
                           both(public("web", {"path": "/a/*", "priority": 2}), public("api", {"path": "/b/*", "priority": 1}))),
    "another_host": (public("web", {"host": "a.example.org"}), public("web", {"host": "b.example.org"})),
    "renamed_with_host": (public("web", {"host": "a.example.org"}), both(public("web", {"host": "a.example.org"}), lambda it: rename(it, "web", "site"))),
    "renamed_with_https": (setting("x-tranship/https", {"certificate": CERTIFICATE}),
                           both(setting("x-tranship/https", {"certificate": CERTIFICATE}), lambda it: rename(it, "web", "site"))),
    "port_with_https": (setting("x-tranship/https", {"certificate": CERTIFICATE}),
                        both(setting("x-tranship/https", {"certificate": CERTIFICATE}), setting("services/web/ports", ["80:3000"]))),
    "another_domain": (setting("x-tranship/https", {"certificate": CERTIFICATE, "domain": "a.example.org"}),
                       setting("x-tranship/https", {"certificate": CERTIFICATE, "domain": "b.example.org"})),
    "another_certificate": (setting("x-tranship/https", {"certificate": CERTIFICATE}),
                            setting("x-tranship/https", {"certificate": CERTIFICATE.replace("1234-", "4321-")})),
    "first_and_second_public_port": (lambda it: EDITS["second_public_port"](it),
                                     both(lambda it: EDITS["second_public_port"](it), setting("services/web/ports", ["80:8080", "8090:8091"]),
                                          public("web", [{"container_port": 8080}, {"container_port": 8091, "path": "/second/*"}]))),
    "grpc_to_http": (both(setting("x-tranship/https", {"certificate": CERTIFICATE}), public("web", {"protocol": "grpc"})),
                     setting("x-tranship/https", {"certificate": CERTIFICATE})),
    "grpc_loses_its_certificate": (both(setting("x-tranship/https", {"certificate": CERTIFICATE}), public("web", {"protocol": "grpc"})),
                                   public("web", {"protocol": "grpc"})),
    "no_redirect": (setting("x-tranship/https", {"certificate": CERTIFICATE}),
                    both(setting("x-tranship/https", {"certificate": CERTIFICATE}), public("web", {"redirect": False}))),
    "certificates_swapped": (setting("x-tranship/https", {"certificate": CERTIFICATE, "certificates": [CERTIFICATE.replace("1234-", "4321-")]}),
                             setting("x-tranship/https", {"certificate": CERTIFICATE.replace("1234-", "4321-"), "certificates": [CERTIFICATE]})),
    "record_moves_inside": (public("web", {"host": "shop.example.org", "zone": "Z0123456789ABCDEFGHIJ"}),
                            public("web", {"host": "shop.example.org", "zone": "Z0123456789ABCDEFGHIJ", "internal": True})),
    "tcp_to_udp": (setting("services/worker", {"image": "acme/worker:1", "ports": ["7000:7000"], "x-tranship": {"public": {"protocol": "tcp"}}}),
                   setting("services/worker", {"image": "acme/worker:1", "ports": ["7000:7000/udp", "7001:7001"],
                                               "x-tranship": {"public": {"protocol": "udp"}}})),
    "tcp_to_tls": (both(setting("x-tranship/https", {"certificate": CERTIFICATE}), public("web", {"protocol": "tcp", "port": 9999})),
                   both(setting("x-tranship/https", {"certificate": CERTIFICATE}), public("web", {"protocol": "tls", "port": 9999}))),
    "tcp_renamed": (public("web", {"protocol": "tcp", "port": 9999}), both(public("web", {"protocol": "tcp", "port": 9999}), lambda it: rename(it, "web", "site"))),
    "networks_changed": (public("web", {"allow": ["203.0.113.0/24"]}), public("web", {"allow": ["198.51.100.0/24", "203.0.113.0/24"]})),
    "one_user_to_another": (setting("services/api/user", "1001:1001"), setting("services/api/user", "1002:1002")),
    "another_scale": (setting("services/web/x-tranship/scale", {"min": 2, "max": 8, "cpu": 60}),
                      setting("services/web/x-tranship/scale", {"min": 1, "max": 4, "memory": 70})),
    "another_schedule": (setting("services/migrate/x-tranship/job", {"schedule": "rate(1 day)"}),
                         setting("services/migrate/x-tranship/job", {"schedule": "rate(2 days)"})),
    "a_subnet_more": (setting("x-tranship/network", NETWORK),
                      setting("x-tranship/network", NETWORK | {"private_subnets": [*NETWORK["private_subnets"], "subnet-0123456789abcdef5"]})),
    "subnets_in_another_order": (setting("x-tranship/network", NETWORK),
                                 setting("x-tranship/network", NETWORK | {"private_subnets": NETWORK["private_subnets"][::-1]})),
    "posture_of_a_network_of_its_own": (both(setting("x-tranship/network", "new"), setting("x-tranship/posture", "dev")),
                                        both(setting("x-tranship/network", "new"), setting("x-tranship/posture", "prod"))),
    "another_namespace": (setting("x-tranship/discovery", {"namespace": "a.internal"}), setting("x-tranship/discovery", {"namespace": "b.internal"})),
    "public_off_under_prod": (setting("x-tranship/posture", "prod"), both(setting("x-tranship/posture", "prod"), lambda it: EDITS["nothing_public"](it))),
    "database_goes_under_prod": (setting("x-tranship/posture", "prod"),
                                 both(setting("x-tranship/posture", "prod"), setting("services/db/x-tranship", {}))),
    "database_goes": (lambda it: None, setting("services/db/x-tranship", {})),
    "another_service_shares_the_folder": (lambda it: EDITS["shared_folder_of_a_task"](it),
                                          both(lambda it: EDITS["shared_folder_of_a_task"](it), setting("services/worker/volumes", ["spare:/public"]))),
}


# ---- what one target alone has

ON = {
    "fargate": {"spot": setting("x-tranship/capacity", "spot"),
                "storage_size": setting("services/worker/storage_opt", {"size": "40G"})},
    "ecs-ec2": {"instance_type": setting("x-tranship/instance_type", "m5.large"),
                "arm_instances": setting("x-tranship/instance_type", "m6g.large"),
                "instances": setting("x-tranship/instances", {"min": 2, "max": 6}),
                "daemon": setting("services/worker/deploy", {"mode": "global"}),
                "host_network": setting("services/worker/network_mode", "host"),
                "log_driver": setting("services/worker/logging", {"driver": "syslog"}),
                "machine_path": setting("services/worker/volumes", ["/var/log:/host/log:ro"])},
}


def edits_of(target):
    return EDITS | ON[target]


def edited(name, target):
    manifest = base()
    edits_of(target)[name](manifest)
    return manifest


def sequence(seed, target, steps=6):
    """Manifests one after the other, each an edit away from the one before: edits are made, and undone now and then."""
    chance = random.Random(seed)
    pool = edits_of(target)
    chosen, found = [], [base()]
    names = []
    for _ in range(steps):
        if chosen and chance.random() < 0.3:
            gone = chance.choice(chosen)
            chosen.remove(gone)
            names.append(f"not {gone}")
        else:
            come = chance.choice([name for name in pool if name not in chosen])
            chosen.append(come)
            names.append(come)
        manifest = base()
        for name in chosen:
            pool[name](manifest)
        found.append(manifest)
    return names, found
