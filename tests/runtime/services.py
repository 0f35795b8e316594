"""ECS services: so many tasks, replaced when they end, registered where others find them, steady or failed."""

import threading
import time

import connect
from names import A, SRV
from tasks import Task

# As the circuit breaker counts: tasks in a row that failed to become steady.
FAILURES = 4
# A task that ends so soon was never steady, in seconds.
STEADY = 2
KEYS = {"Cluster", "TaskDefinition", "DesiredCount", "CapacityProviderStrategy", "LaunchType", "PlatformVersion", "DeploymentConfiguration",
        "NetworkConfiguration", "ServiceRegistries", "LoadBalancers", "HealthCheckGracePeriodSeconds", "EnableECSManagedTags", "PropagateTags",
        "EnableExecuteCommand", "ServiceConnectConfiguration", "SchedulingStrategy", "AvailabilityZoneRebalancing", "ForceNewDeployment", "Tags", "ServiceName"}


class Service:
    def __init__(self, world, key):
        self.world, self.key = world, key
        self.properties = world.stack.properties(key)
        if unknown := self.properties.keys() - KEYS:
            raise NotImplementedError(f"the runner does not know {sorted(unknown)} of {key}")
        self.task_definition = world.stack.properties(self.properties["TaskDefinition"])
        self.groups = world.groups(self.properties.get("NetworkConfiguration"))
        self.count = int(self.properties.get("DesiredCount", 1))
        self.tasks, self.registered = [], set()
        self.failures, self.events = 0, []
        self.ending = False
        self.connections = None

    def deploy(self, timeout):
        """Start the tasks, keep them running from then on, and return when they are steady. Raises if they do not get there."""
        if (configuration := self.properties.get("ServiceConnectConfiguration", {})).get("Enabled"):
            self.connections = self.world.connect(self.key, configuration)
        self.keeper = threading.Thread(target=self._keep, daemon=True)
        self.keeper.start()
        until = time.monotonic() + timeout
        while not self.steady():
            if self.failures >= FAILURES:
                raise RuntimeError(f"{self.key}: tasks failed to start\n" + "\n".join(self.events))
            if time.monotonic() > until or self.world.ending:
                raise RuntimeError(f"{self.key} did not stabilize\n" + "\n".join([*self.events, *(task.logs() for task in self.tasks)]))
            time.sleep(0.1)
        self.events.clear()

    def steady(self):
        tasks = [task for task in self.tasks if task.healthy and task.age > STEADY]
        return len(tasks) >= self.count and all(self.world.balancers.healthy(task, target) for task in tasks
                                                for target in self.properties.get("LoadBalancers", []))

    def stop(self):
        self.ending = True
        for task in self.tasks:
            task.stop("the stack is deleted")

    def _keep(self):
        try:
            self._keep_running()
        except Exception as error:  # the deployment must hear of it
            self.failures = FAILURES
            self.events.append(f"{type(error).__name__}: {error}")

    def _keep_running(self):
        while not self.ending:
            for task in [task for task in self.tasks if task.ended.is_set()]:
                self._ended(task)
            while len(self.tasks) < self.count and self.failures < FAILURES:
                self.tasks.append(Task(self.world, self.properties["TaskDefinition"], self.groups, self.connections))
            for task in self.tasks:
                self._register(task)
            if self.steady():
                self.failures = 0
            time.sleep(0.1)

    def _ended(self, task):
        self._deregister(task)
        self.tasks.remove(task)
        self.failures += 1
        self.events.append(f"{task.reason} {task.exit_codes()}\n{task.logs()}")
        # ECS waits between attempts too.
        time.sleep(0.5 * self.failures)

    def _register(self, task):
        """Names lead to healthy tasks, the load balancer checks for itself."""
        if task.running and (task, "balancer") not in self.registered:
            self.registered.add((task, "balancer"))
            for target in self.properties.get("LoadBalancers", []):
                self.world.balancers.register(task, target)
        if task.healthy and (task, "names") not in self.registered:
            self.registered.add((task, "names"))
            for registry in self.properties.get("ServiceRegistries", []):
                self._name(task, registry)

    def _name(self, task, registry):
        discovery = self.world.stack.properties(registry["RegistryArn"])
        namespace = self.world.stack.properties(discovery["DnsConfig"]["NamespaceId"])["Name"]
        name, address = f"{discovery['Name']}.{namespace}", task.endpoint.address
        for record in discovery["DnsConfig"]["DnsRecords"]:
            if record["Type"] == "A":
                self.world.resolver.add(name, A, task.name, address)
            elif record["Type"] == "SRV":
                self.world.resolver.add(f"{task.name}.{name}", A, task.name, address)
                self.world.resolver.add(name, SRV, task.name, (int(registry.get("ContainerPort") or registry["Port"]), f"{task.name}.{name}"))

    def _deregister(self, task):
        self.world.resolver.remove(task.name)
        for target in self.properties.get("LoadBalancers", []):
            self.world.balancers.deregister(task, target)


def aliases(world, key, configuration):
    """What a service's tasks reach by Service Connect: the endpoints of its namespace that exist by now."""
    found = [alias for other, made in world.offers.items() if other != key and made["Namespace"] == configuration["Namespace"]
             for alias in connect.offered(world, other, made)]
    world.offers[key] = configuration
    return found
