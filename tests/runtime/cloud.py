"""An application from its emitted template: the stack is created as CloudFormation creates it, on the runner's network.

The template and its parameters are all that is read; the artifacts of derived images are built as a user would build them.
"""

import json
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

import images
import network
import services
from balancer import Balancers
from functions import CustomResource
from names import Resolver
from sandbox import ROOM
from secret_values import Secrets
from services import Service
from storage import FileSystems
from template import Stack

# What the run needs no deed for: it is read where it is used, or is AWS's own business.
PASSIVE = {
    "AWS::ECS::Cluster", "AWS::ECS::ClusterCapacityProviderAssociations", "AWS::ECS::TaskDefinition", "AWS::EC2::SecurityGroup", "AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress",
    "AWS::ServiceDiscovery::PrivateDnsNamespace", "AWS::ServiceDiscovery::Service", "AWS::ServiceDiscovery::HttpNamespace",
    "AWS::SecretsManager::Secret", "AWS::SSM::Parameter", "AWS::EFS::FileSystem", "AWS::EFS::AccessPoint", "AWS::EFS::MountTarget",
    "AWS::Logs::LogGroup", "AWS::IAM::Role", "AWS::IAM::Policy", "AWS::Lambda::Function", "AWS::ElasticLoadBalancingV2::LoadBalancer",
    "AWS::EC2::LaunchTemplate", "AWS::AutoScaling::AutoScalingGroup", "AWS::ECS::CapacityProvider", "AWS::IAM::InstanceProfile",
    "AWS::ElasticLoadBalancingV2::TargetGroup", "AWS::ElasticLoadBalancingV2::Listener", "AWS::ElasticLoadBalancingV2::ListenerRule",
}
CLIENT = "198.51.100.7"


class Cloud:
    """The running stack."""

    def __init__(self, name, artifacts, parameters, ports, text):
        given = json.loads((artifacts / "parameters.json").read_text()).get("Parameters", {}) if (artifacts / "parameters.json").exists() else {}
        self.stack = Stack(text, name, given | parameters)
        self.ports = ports
        (ROOM / name).mkdir(parents=True, exist_ok=True)
        self.ending = False
        self.network = network.Network(self.stack)
        self.resolver = Resolver(self.network.router)
        self.client = self.network.attach_outside("client", CLIENT)
        self.secrets = Secrets(self.stack)
        self.file_systems = FileSystems(self.stack, self.network)
        self.balancers = Balancers(self)
        self.services, self.jobs, self.offers = {}, {}, {}

    def deploy(self, timeout=90):
        """Create what has to be done, each after what it depends on. Raises what fails."""
        deeds = {}
        for key, made in self.stack.resources.items():
            if made["Type"] == "AWS::ECS::Service":
                deeds[key] = self.services[key] = Service(self, key)
            elif made["Type"].startswith("Custom::"):
                deeds[key] = self.jobs[key] = CustomResource(self, key)
            elif made["Type"] not in PASSIVE:
                raise NotImplementedError(f"the runner does not know {made['Type']}")
        left = {key: self.stack.before(key) & deeds.keys() for key in deeds}
        with ThreadPoolExecutor(max(len(deeds), 1)) as pool:
            self._create(deeds, left, pool, timeout)

    def _create(self, deeds, left, pool, timeout):
        running, done = {}, set()
        try:
            while left or running:
                for key in [key for key, earlier in left.items() if earlier <= done]:
                    del left[key]
                    running[pool.submit(deeds[key].deploy, timeout)] = key
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    future.result()
                    done.add(running.pop(future))
        except BaseException:
            self.ending = True
            raise

    def check(self):
        """Whether every service kept the tasks with which it became steady."""
        if lost := [event for service in self.services.values() for event in service.events]:
            raise RuntimeError("tasks ended while clients used the application:\n" + "\n".join(lost))

    def groups(self, configuration):
        """The security groups of a task: its own, or those of the machine."""
        if configuration:
            return configuration["AwsvpcConfiguration"].get("SecurityGroups", [])
        (template,) = self.stack.of_type("AWS::EC2::LaunchTemplate").values()
        data = template["LaunchTemplateData"]
        return data.get("SecurityGroupIds") or data["NetworkInterfaces"][0]["Groups"]

    def connect(self, key, configuration):
        return services.aliases(self, key, configuration)

    def image(self, name):
        return images.full_name(name)

    # ---- what a client sees

    def entrance(self, port):
        """(namespace, address, port) at which a client outside finds what Docker Compose publishes on a port."""
        listener = self.ports[port or next(iter(self.ports))]
        return self.client.namespace, self.balancers.address(listener), listener

    def container(self, name):
        """A running container of that name."""
        found = [task.containers[name] for service in self.services.values() for task in list(service.tasks)
                 if task.running and name in task.containers and task.containers[name].exit_code is None]
        if not found:
            raise LookupError(f"no container {name} is running")
        return found[0]

    def execute(self, name, command):
        return self.container(name).execute(command)

    def addresses(self, name):
        """Where the tasks with that container are."""
        return [self.container(name).task.endpoint.address]

    def logs(self):
        return "\n".join(task.logs() for service in self.services.values() for task in list(service.tasks))

    def close(self):
        self.ending = True
        self.balancers.close()
        for service in self.services.values():
            service.stop()
        for thread in [service.keeper for service in self.services.values() if hasattr(service, "keeper")]:
            thread.join(20)
        for service in self.services.values():
            for task in service.tasks:
                task.stop("the stack is deleted")
                task.ended.wait(20)
        self.resolver.close()
        self.network.close()
