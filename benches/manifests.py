"""The manifests that are measured, for any number of services."""

import re

HEAD = """\
name: bench
x-common: &common
  restart: unless-stopped
  logging: { driver: json-file, options: { max-size: 10m } }
services:
  base: { image: base }
"""

SERVICE = """\
  service-%(i)d:
    <<: *common
    image: registry.example.org/team/service-%(i)d:${TAG:-1.%(minor)d}
    command: ["serve", "--port", "80", "--name", "service-%(i)d"]
    environment:
      NAME: service-%(i)d
      DATABASE_URL: postgres://app@db-%(i)d:5432/app
      LOG_LEVEL: ${LOG_LEVEL:-info}
      WORKERS: %(workers)d
    ports:
      - "%(port)d:80"
    volumes:
      - data-%(volume)d:/var/lib/data
      - ./config/%(i)d:/etc/app:ro
    networks: [back]
    depends_on: [%(before)s]
    healthcheck: { test: ["CMD", "true"], interval: 10s, timeout: 3s, retries: 3 }
    labels: { org.example.index: "%(i)d", org.example.team: "team-%(volume)d" }
    deploy: { replicas: 2, resources: { limits: { cpus: "0.5", memory: 256M } } }
"""


def manifest(services):
    text = [HEAD]
    for i in range(services):
        text.append(SERVICE % {
            "i": i, "minor": i % 7, "workers": i % 8 + 1, "port": 10000 + i, "volume": i % 50,
            "before": f"service-{i - 1}" if i % 10 else "base",
        })
    text.append("networks: { back: {} }\nvolumes:\n")
    text.extend(f"  data-{i}: {{}}\n" for i in range(50))
    return "".join(text)


SERVICE_OF_AN_APPLICATION = """\
  %(name)s:
    <<: *common
    image: registry.example.org/team/%(name)s:${TAG:-1.%(minor)d}
    command: ["serve", "--port", "8080", "--name", "%(name)s"]
    environment:
      NAME: %(name)s
      UPSTREAM_URL: http://%(before)s:8080/v1
      LOG_LEVEL: ${LOG_LEVEL:-info}
      WORKERS: %(workers)d
    expose: ["8080"]
    networks: [back]
    depends_on: { %(before)s: { condition: service_started } }
    healthcheck: { test: ["CMD", "/bin/check"], interval: 10s, timeout: 3s, retries: 3 }
    labels: { org.example.index: "%(i)d", org.example.team: "team-%(team)d" }
    deploy: { replicas: 2, resources: { limits: { cpus: "0.5", memory: 512M } } }
"""


def application(services):
    """One public gateway, then groups of ten services in which each calls the one before it."""
    text = [HEAD.replace("base: { image: base }", 'service-0: { image: registry.example.org/team/gateway:1, ports: ["80:8080"] }')]
    for i in range(1, services):
        text.append(SERVICE_OF_AN_APPLICATION % {
            "i": i, "name": f"service-{i}", "minor": i % 7, "workers": i % 8 + 1, "team": i % 50,
            "before": f"service-{i - 1 if i % 10 else 0}",
        })
        if i % 20 == 0:
            text.append("    volumes: [\"data:/var/lib/data\"]\n")
    text.append("networks: { back: {} }\n" + ("volumes: { data: {} }\n" if services > 20 else ""))
    return "".join(text)


# Ten keys that each get a diagnostic of their own.
FAULTS = """\
    enviroment: { A: b }
    prots: ["80"]
    restart: maybe
    stop_grace_period: fast
    mem_limit: lots
    shm_size: big
    privileged: "perhaps"
    init: "no idea"
    ulimits: { nofile: many }
    pids_limit: none
"""

# Ten keys that a target refuses, ignores or adjusts, so that everything up to the end of a compile has something to say.
LOSSES = """\
    shm_size: 64m
    pid: host
    ipc: host
    cgroup: host
    uts: host
    userns_mode: host
    security_opt: ["seccomp:unconfined"]
    mac_address: 92:d0:c6:0a:29:33
    blkio_config: { weight: 300 }
    stop_grace_period: 10m
"""


def faulty(services, faults=FAULTS):
    """The application with ten lines in each service that get a diagnostic."""
    text = application(services)
    return re.sub(r"^(  service-[1-9]\d*:\n)", lambda found: found[1] + faults, text, flags=re.M)


def lossy(services):
    """The application with ten lines in each service that mean something else on AWS, or nothing."""
    return faulty(services, LOSSES)
