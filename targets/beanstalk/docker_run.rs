//! The writer of `docker run`: a job's container as options and arguments. It decides nothing.
//!
//! Source: Docker CLI reference, `docker run` (read 2026-11).

use super::plan::{BeanstalkContainer, BeanstalkJob, HostVolumes, InstanceText, TextPart};
use crate::container::{ContainerField, MountPoint, NamespaceSharing, PlannedDevice, TmpfsMount, field};

/// The options before the image.
pub(super) fn options(job: &BeanstalkJob) -> Vec<InstanceText> {
    let container = &job.container;
    let mut options = OptionList::default();
    options.some(field::USER, container.user.clone());
    options.some(field::WORKING_DIRECTORY, container.working_dir.clone());
    options.some(field::MEMORY, container.memory.map(mebibytes));
    entrypoint(container, &mut options);
    options.each(field::MOUNT_POINTS, container.mounts.iter().map(|mount| volume(mount, &job.volumes)));
    resources(container, &mut options);
    system(container, &mut options);
    options.0
}

/// What follows the image: Docker takes one word as entrypoint, so the others go before the command.
pub(super) fn arguments(job: &BeanstalkJob) -> Vec<&InstanceText> {
    let rest = job.container.entrypoint.iter().flatten().skip(1);
    rest.chain(&job.container.command).collect()
}

/// Options in order.
#[derive(Default)]
struct OptionList(Vec<InstanceText>);

impl OptionList {
    fn push(&mut self, field: ContainerField, value: InstanceText) {
        self.0.extend([known(field.option), value]);
    }

    fn each<T: AsRef<str>>(&mut self, field: ContainerField, values: impl IntoIterator<Item = T>) {
        for value in values {
            self.push(field, known(value.as_ref()));
        }
    }

    fn some(&mut self, field: ContainerField, value: Option<impl AsRef<str>>) {
        self.each(field, value);
    }

    fn flag(&mut self, field: ContainerField, set: bool) {
        if set {
            self.0.push(known(field.option));
        }
    }
}

fn known(text: &str) -> InstanceText {
    InstanceText(vec![TextPart::Known(text.to_owned())])
}

fn mebibytes(number: u32) -> String {
    format!("{number}m")
}

/// An empty text clears the entrypoint of the image.
fn entrypoint(container: &BeanstalkContainer, options: &mut OptionList) {
    if let Some(words) = &container.entrypoint {
        options.push(field::ENTRYPOINT, words.first().cloned().unwrap_or_else(|| known("")));
    }
}

/// A directory of the instance, or without one a volume that goes with the container.
fn volume(mount: &MountPoint, volumes: &HostVolumes) -> String {
    let directory = volumes.named(&mount.volume);
    let mode = if mount.read_only { ":ro" } else { "" };
    match directory.and_then(|volume| volume.path.as_ref()) {
        Some(directory) => format!("{directory}:{}{mode}", mount.path),
        None => mount.path.clone(),
    }
}

fn resources(container: &BeanstalkContainer, options: &mut OptionList) {
    let cpus = |units: u32| (f64::from(units) / 1024.0).to_string();
    options.some(field::MEMORY_RESERVATION, container.memory_reservation.map(mebibytes));
    options.some(field::CPU_QUOTA, container.cpu_quota.map(cpus));
    options.some(field::CPU, container.cpu.map(|units| units.to_string()));
    options.some(field::SHARED_MEMORY, container.linux.shared_memory.map(mebibytes));
    options.each(field::TMPFS, container.linux.tmpfs.iter().map(tmpfs));
    let limits = container.ulimits.iter();
    options.each(field::ULIMITS, limits.map(|it| format!("{}={}:{}", it.name, it.soft, it.hard)));
    let controls = container.sysctls.iter();
    options.each(field::SYSTEM_CONTROLS, controls.map(|it| format!("{}={}", it.namespace, it.value)));
}

fn system(container: &BeanstalkContainer, options: &mut OptionList) {
    options.some(field::STOP_TIMEOUT, container.stop_timeout.map(|seconds| seconds.to_string()));
    options.some(field::STOP_SIGNAL, container.stop_signal.as_ref());
    options.flag(field::INIT, container.linux.init);
    container.plain.flags().for_each(|flag| options.flag(flag, true));
    if container.plain.is_set(field::INTERACTIVE) {
        // Open, but not read from the deployment's own input, which is no terminal.
        options.0.extend(["--attach", "stdout", "--attach", "stderr"].map(known));
    }
    options.each(field::CAPABILITIES_ADD, &container.linux.cap_add);
    options.each(field::CAPABILITIES_DROP, &container.linux.cap_drop);
    options.each(field::DEVICES, container.linux.devices.iter().map(device));
    options.some(field::HOSTNAME, container.hostname.as_ref());
    let hosts = container.extra_hosts.iter();
    options.each(field::EXTRA_HOSTS, hosts.map(|it| format!("{}:{}", it.hostname, it.address)));
    container.plain.lists().for_each(|(field, items)| options.each(field, items));
    options.some(field::NETWORK, container.network.as_ref());
    options.some(field::PID, container.pid.map(NamespaceSharing::as_str));
    options.some(field::IPC, container.ipc.map(NamespaceSharing::as_str));
    options.each(field::LABELS, container.labels.iter().map(|(name, value)| format!("{name}={value}")));
}

fn tmpfs(mount: &TmpfsMount) -> String {
    let size = mount.size.map(|mib| format!("size={mib}m"));
    let options: Vec<String> = size.into_iter().chain(mount.options.iter().cloned()).collect();
    if options.is_empty() { mount.path.clone() } else { format!("{}:{}", mount.path, options.join(",")) }
}

fn device(device: &PlannedDevice) -> String {
    let letters: String = device.permissions.iter().filter_map(|word| word.chars().next()).collect();
    format!("{}:{}:{letters}", device.host_path, device.path)
}

#[cfg(test)]
mod tests {
    use super::{arguments, known, options};
    use crate::beanstalk::plan::{BeanstalkContainer, BeanstalkJob, HostVolume, InstanceText};
    use crate::container::{
        HostEntry, LinuxParameters, MountPoint, NamespaceSharing, PlainFields, PlannedDevice, ResourceLimit,
        SystemControl, TmpfsMount, field,
    };
    use indexmap::IndexMap;

    fn plain() -> PlainFields {
        let flags = [field::INTERACTIVE, field::PSEUDO_TERMINAL, field::PRIVILEGED, field::READ_ONLY];
        let mut plain: PlainFields = flags.into_iter().collect();
        plain.add(field::SECURITY_OPTIONS, "no-new-privileges:true".to_owned());
        plain.add(field::DNS_SEARCH_DOMAINS, "example.org".to_owned());
        plain.add(field::DNS_SERVERS, "10.0.0.2".to_owned());
        plain
    }

    /// A container with a value in every field that a job can have.
    fn container() -> BeanstalkContainer {
        BeanstalkContainer {
            entrypoint: Some(vec![known("/entry"), known("--verbose")]),
            command: vec![known("migrate")],
            environment: IndexMap::from([("MODE".to_owned(), known("fast"))]),
            user: Some("1000".to_owned()),
            working_dir: Some("/srv".to_owned()),
            mounts: vec![
                MountPoint { volume: "data".to_owned(), path: "/data".to_owned(), read_only: true },
                MountPoint { volume: "job-1".to_owned(), path: "/anonymous".to_owned(), read_only: false },
            ],
            cpu: Some(256),
            cpu_quota: Some(512),
            memory: Some(512),
            memory_reservation: Some(256),
            stop_timeout: Some(20),
            stop_signal: Some("SIGINT".to_owned()),
            plain: plain(),
            hostname: Some("migrate".to_owned()),
            linux: LinuxParameters {
                init: true,
                cap_add: vec!["SYS_PTRACE".to_owned()],
                cap_drop: vec!["NET_RAW".to_owned()],
                shared_memory: Some(128),
                tmpfs: vec![
                    TmpfsMount { path: "/run".to_owned(), size: Some(16), options: vec!["ro".to_owned()] },
                    TmpfsMount { path: "/scratch".to_owned(), size: None, options: Vec::new() },
                ],
                devices: vec![PlannedDevice {
                    host_path: "/dev/null".to_owned(),
                    path: "/dev/null0".to_owned(),
                    permissions: vec!["read", "write"],
                }],
            },
            ulimits: vec![ResourceLimit { name: "nofile".to_owned(), soft: 1024, hard: 2048 }],
            sysctls: vec![SystemControl { namespace: "kernel.msgmax".to_owned(), value: "65536".to_owned() }],
            extra_hosts: vec![HostEntry { hostname: "other".to_owned(), address: "10.0.0.3".to_owned() }],
            labels: IndexMap::from([("team".to_owned(), "web".to_owned())]),
            network: Some("host".to_owned()),
            pid: Some(NamespaceSharing::Host),
            ipc: Some(NamespaceSharing::Host),
            ..BeanstalkContainer::new("migrate".to_owned(), "app:1".to_owned())
        }
    }

    fn job(container: BeanstalkContainer) -> BeanstalkJob {
        let volume = |name: &str, path: Option<&str>| HostVolume {
            name: name.to_owned(),
            path: path.map(str::to_owned),
            owner: None,
            prepared: false,
            content: None,
            from: String::new(),
        };
        let volumes = [volume("data", Some("/data/data")), volume("job-1", None)].into_iter().collect();
        BeanstalkJob { container, volumes, from: "services.migrate".to_owned() }
    }

    fn words(texts: &[InstanceText]) -> Vec<&str> {
        texts.iter().map(|text| text.text().unwrap()).collect()
    }

    #[test]
    fn every_field_has_its_option() {
        let job = job(container());
        let options = options(&job);
        assert_eq!(
            words(&options).join(" "),
            "--user 1000 --workdir /srv --memory 512m --entrypoint /entry --volume /data/data:/data:ro \
             --volume /anonymous --memory-reservation 256m --cpus 0.5 --cpu-shares 256 --shm-size 128m \
             --tmpfs /run:size=16m,ro --tmpfs /scratch --ulimit nofile=1024:2048 --sysctl kernel.msgmax=65536 \
             --stop-timeout 20 --stop-signal SIGINT --init --read-only --privileged --tty --interactive \
             --attach stdout --attach stderr --cap-add SYS_PTRACE --cap-drop NET_RAW \
             --device /dev/null:/dev/null0:rw --hostname migrate \
             --add-host other:10.0.0.3 --dns 10.0.0.2 --dns-search example.org --security-opt no-new-privileges:true --network host --pid host \
             --ipc host --label team=web"
        );
        assert_eq!(arguments(&job), [&known("--verbose"), &known("migrate")]);
        // A job has no health check, the program beside the settings passes the variables, and the platform has no GPUs.
        let elsewhere =
            |option: &str| option.starts_with("--health-") || ["--env", "--gpus"].contains(&option);
        for field in field::ALL.iter().filter(|field| field.option.starts_with('-')) {
            assert!(elsewhere(field.option) || words(&options).contains(&field.option), "{}", field.option);
        }
    }

    #[test]
    fn an_empty_entrypoint_clears_that_of_the_image() {
        let plain = BeanstalkContainer::new("migrate".to_owned(), "app:1".to_owned());
        assert!(options(&job(plain.clone())).is_empty());
        let cleared = job(BeanstalkContainer { entrypoint: Some(Vec::new()), ..plain });
        assert_eq!(words(&options(&cleared)), ["--entrypoint", ""]);
    }
}
