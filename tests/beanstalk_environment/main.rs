//! What an Elastic Beanstalk environment has besides containers: its tier, the file system of its volumes.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail loudly")]

mod init_folders;
mod reach;
mod several_instances;

use serde_yaml::Value as Yaml;
use tranship::app::EnvironmentChoice;
use tranship::compile::{CompileOutcome, CompileRequest, compile};
use tranship::compose::LoadOptions;
use tranship::targets::{BeanstalkDeployment, TargetDeployment};
use tranship::world::MemoryWorld;

const NETWORK: &str = "network: { vpc: vpc-1, public_subnets: [subnet-0a, subnet-1a], private_subnets: [subnet-2a, subnet-3a] }";

fn compiled(services: &str, settings: &str) -> CompileOutcome {
    let manifest = format!("name: shop\n{services}\nx-tranship: {{ region: eu-central-1, {settings} }}\n");
    let world = MemoryWorld::new().file("compose.yaml", manifest);
    let choice = EnvironmentChoice::Target("beanstalk".to_owned());
    compile(&CompileRequest { options: LoadOptions::default(), choice }, &world)
}

fn messages(outcome: &CompileOutcome) -> Vec<&str> {
    outcome.diagnostics.iter().map(|one| one.message.as_str()).collect()
}

fn text(outcome: &CompileOutcome, path: &str) -> Option<String> {
    let found = messages(outcome);
    let compiled = outcome.compiled.as_ref().unwrap_or_else(|| panic!("refused: {found:#?}"));
    let artifact = compiled.artifacts.get(&format!("bundle/{path}"))?;
    Some(String::from_utf8(artifact.bytes.clone()).unwrap())
}

fn yaml(outcome: &CompileOutcome, path: &str) -> Yaml {
    serde_yaml::from_str(&text(outcome, path).unwrap()).unwrap()
}

fn options(outcome: &CompileOutcome) -> Yaml {
    yaml(outcome, ".ebextensions/10-options.config")["option_settings"].clone()
}

fn deployment(outcome: &CompileOutcome) -> &BeanstalkDeployment {
    match &outcome.compiled.as_ref().unwrap().deployment {
        TargetDeployment::Beanstalk(deployment) => deployment,
        _ => panic!("another deployment"),
    }
}

const WORKER: &str = "services:\n  work: { image: acme/work:1, command: work }";

#[test]
fn a_worker_has_instances_and_no_load_balancer() {
    let outcome = compiled(WORKER, "tier: worker, instances: { min: 2, max: 5 }, idle_timeout: 90");
    let options = options(&outcome);
    let environment = &options["aws:elasticbeanstalk:environment"];
    assert_eq!(environment["EnvironmentType"], "LoadBalanced");
    assert_eq!(environment["LoadBalancerType"], Yaml::Null);
    assert_eq!(options["aws:autoscaling:asg"]["MinSize"], "2");
    assert_eq!(options["aws:autoscaling:asg"]["MaxSize"], "5");
    assert_eq!(options["aws:elbv2:loadbalancer"], Yaml::Null);
    assert!(deployment(&outcome).is_worker);
}

#[test]
fn without_a_port_and_a_tier_one_instance_needs_no_load_balancer() {
    let outcome = compiled(WORKER, "tier: web, instances: { min: 2, max: 5 }");
    let options = options(&outcome);
    assert_eq!(options["aws:elasticbeanstalk:environment"]["EnvironmentType"], "SingleInstance");
    assert_eq!(options["aws:autoscaling:asg"]["MaxSize"], "1");
    assert!(!deployment(&outcome).is_worker);
    assert!(messages(&outcome).iter().any(|it| it.contains("tier: worker")), "{:#?}", messages(&outcome));
}

/// The daemon of the queue posts to port 80 of its own instance: no listener, no process, no certificate.
#[test]
fn the_port_of_a_worker_is_the_daemons() {
    let manifest = "services:
  work:
    image: acme/work:1
    ports: ['80:8000']
    x-tranship: { public: { health_check: { path: /ok }, sticky: true } }";
    let arn = "arn:aws:acm:eu-central-1:123456789012:certificate/1";
    for platform in ["ecs", "docker"] {
        let settings = format!("tier: worker, platform: {platform}, https: {{ certificate: '{arn}' }}");
        let outcome = compiled(manifest, &settings);
        let options = options(&outcome);
        let names: Vec<&str> =
            options.as_mapping().unwrap().iter().filter_map(|(name, _)| name.as_str()).collect();
        assert!(!names.iter().any(|name| name.contains("elbv2") || name.contains(":process:")), "{names:?}");
        assert_eq!(text(&outcome, ".ebextensions/28-redirect.config"), None);
        if platform == "docker" {
            let port = &yaml(&outcome, "docker-compose.yml")["services"]["work"]["ports"][0];
            assert_eq!((port["published"].as_str(), port["target"].as_u64()), (Some("80"), Some(8000)));
        } else {
            let task: serde_json::Value =
                serde_json::from_str(&text(&outcome, "Dockerrun.aws.json").unwrap()).unwrap();
            let port = &task["containerDefinitions"][0]["portMappings"][0];
            assert_eq!((port["hostPort"].as_u64(), port["containerPort"].as_u64()), (Some(80), Some(8000)));
        }
    }
}

#[test]
fn a_worker_cannot_split_traffic_but_roll() {
    let refused = compiled(WORKER, "tier: worker, rollout: traffic-splitting");
    let why = "the environment has no load balancer, which this `rollout` needs";
    assert!(messages(&refused).contains(&why), "{:#?}", messages(&refused));
    let rolls = compiled(WORKER, "tier: worker, posture: prod, rollout: rolling");
    let options = options(&rolls);
    assert_eq!(options["aws:elasticbeanstalk:command"]["DeploymentPolicy"], "Rolling");
    assert_eq!(options["aws:autoscaling:updatepolicy:rollingupdate"]["RollingUpdateType"], "Health");
}

const UPLOADS: &str = "services:
  web: { image: nginx, user: '1000:1000', ports: ['80:80'], volumes: ['uploads:/srv/uploads'] }
volumes: { uploads: }";

fn mount_command(outcome: &CompileOutcome) -> String {
    let host = yaml(outcome, ".ebextensions/20-host.config");
    assert_eq!(host["packages"]["yum"]["amazon-efs-utils"], Yaml::Sequence(Vec::new()));
    host["commands"]["15_file_system"]["command"].as_str().unwrap().to_owned()
}

#[test]
fn volumes_are_on_the_file_system_of_an_id() {
    for platform in ["ecs", "docker"] {
        let outcome = compiled(UPLOADS, &format!("platform: {platform}, file_system: fs-0a1b"));
        let command = mount_command(&outcome);
        assert!(command.contains("echo \"fs-0a1b:/ /data efs _netdev,tls 0 0\" >> /etc/fstab"), "{command}");
        assert!(command.ends_with("mountpoint --quiet /data || mount /data"), "{command}");
        let host = yaml(&outcome, ".ebextensions/20-host.config");
        let (made, owner) = (&host["commands"]["20_volume_uploads"], &host["commands"]["30_owner_uploads"]);
        assert_eq!(made["command"][2], "/data/uploads", "{platform}");
        assert_eq!(owner["command"][1], "1000:1000", "{platform}");
        assert_eq!(text(&outcome, ".ebextensions/24-file-system.config"), None);
        assert!(!messages(&outcome).iter().any(|it| it.contains("lost")), "{:#?}", messages(&outcome));
        if platform == "docker" {
            let options = &yaml(&outcome, "docker-compose.yml")["volumes"]["uploads"]["driver_opts"];
            assert_eq!(options["device"], "/data/uploads");
            assert_eq!((&options["type"], &options["o"]), (&Yaml::from("none"), &Yaml::from("bind")));
        }
    }
}

#[test]
fn a_new_file_system_is_a_resource_of_the_environment() {
    let outcome = compiled(UPLOADS, &format!("platform: ecs, file_system: new, {NETWORK}"));
    let resources = yaml(&outcome, ".ebextensions/24-file-system.config")["Resources"].clone();
    let system = &resources["FileSystem"];
    assert_eq!(system["DeletionPolicy"], "Retain");
    assert_eq!(system["Properties"]["Encrypted"], true);
    for (id, subnet) in [("MountTargetsubnet2a", "subnet-2a"), ("MountTargetsubnet3a", "subnet-3a")] {
        assert_eq!(resources[id]["Properties"]["SubnetId"], subnet);
    }
    assert_eq!(resources.as_mapping().unwrap().len(), 4);
    let group = &resources["FileSystemSecurityGroup"]["Properties"];
    assert_eq!(
        (&group["VpcId"], &group["SecurityGroupIngress"][0]["FromPort"]),
        (&"vpc-1".into(), &2049.into())
    );
    let properties = &options(&outcome)["aws:elasticbeanstalk:application:environment"];
    assert_eq!(properties["TRANSHIP_FILE_SYSTEM"], "`{\"Ref\":\"FileSystem\"}`");
    let command = mount_command(&outcome);
    let read = "$(/opt/elasticbeanstalk/bin/get-config environment -k TRANSHIP_FILE_SYSTEM):/";
    assert!(command.contains(read), "{command}");
}

#[test]
fn a_new_file_system_needs_subnets() {
    let refused = compiled(UPLOADS, "file_system: new");
    let why = "`file_system: new` needs the subnets in which instances reach it";
    assert!(refused.compiled.is_none() && messages(&refused).contains(&why), "{:#?}", messages(&refused));
}

/// What several containers of an instance share is kept like anything else.
#[test]
fn a_volume_that_containers_share_is_kept_too() {
    let manifest = "services:
  web: { image: nginx, ports: ['80:80'], volumes: ['pages:/srv/pages'] }
  make: { image: acme/make, volumes: ['pages:/out'] }
volumes: { pages: }";
    let outcome = compiled(manifest, "platform: docker, file_system: fs-1");
    let volume = &yaml(&outcome, "docker-compose.yml")["volumes"]["pages"];
    assert_eq!(volume["driver_opts"]["device"], "/data/pages");
}

/// A folder for data has no name of its own.
#[test]
fn folders_for_data_are_kept_too() {
    let manifest = "services:
  web: { image: nginx, ports: ['80:80'], volumes: ['./state:/srv/state'] }";
    for (settings, lost) in [("platform: docker", true), ("platform: docker, file_system: fs-1", false)] {
        let outcome = compiled(manifest, settings);
        let is_told = messages(&outcome).iter().any(|it| it.contains("lost with the instance"));
        assert_eq!(is_told, lost, "{settings}: {:#?}", messages(&outcome));
    }
}

/// Two programs on the files of one data store would destroy them.
#[test]
fn a_shared_file_system_does_not_make_copies_of_a_store_safe() {
    let manifest = "services:
  web: { image: nginx, ports: ['80:80'] }
  db: { image: 'postgres:17', volumes: ['data:/var/lib/postgresql/data'] }
volumes: { data: }";
    for (settings, data) in [("file_system: fs-1,", "on the same files"), ("", "with other data")] {
        let refused =
            compiled(manifest, &format!("{settings} platform: docker, instances: {{ min: 1, max: 3 }}"));
        let why = format!("the environment may have 3 instances, and each has a `db` of its own {data}");
        assert!(messages(&refused).contains(&why.as_str()), "{:#?}", messages(&refused));
    }
}

const WEB: &str = "services:\n  web: { image: 'nginx:1.27', ports: ['80:80'] }";

#[test]
fn an_environment_has_the_roles_of_the_account_or_its_own() {
    let account = compiled(WEB, "roles: account");
    let found = options(&account);
    assert_eq!(
        found["aws:autoscaling:launchconfiguration"]["IamInstanceProfile"],
        "aws-elasticbeanstalk-ec2-role"
    );
    assert!(account.compiled.as_ref().unwrap().artifacts.get("environment-roles.yaml").is_none());
    assert_eq!(deployment(&account).role_stacks, []);
    assert_eq!(
        deployment(&account).passed_roles,
        ["aws-elasticbeanstalk-ec2-role", "aws-elasticbeanstalk-service-role"]
    );

    let own = compiled(WEB, "roles: own, platform: ecs");
    let found = options(&own);
    let name = deployment(&own).environment.clone();
    assert_eq!(
        found["aws:autoscaling:launchconfiguration"]["IamInstanceProfile"],
        format!("{name}-instance")
    );
    assert_eq!(found["aws:elasticbeanstalk:environment"]["ServiceRole"], format!("{name}-service"));
    assert_eq!(
        found["aws:elasticbeanstalk:managedactions"]["ServiceRoleForManagedUpdates"],
        format!("{name}-service")
    );
    let stacks = &deployment(&own).role_stacks;
    assert_eq!(
        stacks.iter().map(|one| (one.stack.as_str(), one.template.as_str())).collect::<Vec<_>>(),
        [(format!("{name}-roles").as_str(), "environment-roles.yaml")]
    );
    let artifact = own.compiled.as_ref().unwrap().artifacts.get("environment-roles.yaml").unwrap();
    let text = String::from_utf8(artifact.bytes.clone()).unwrap();
    assert!(text.contains(&format!("InstanceProfileName: {name}-instance")), "{text}");
    for policy in [
        "AWSElasticBeanstalkWebTier",
        "AWSElasticBeanstalkMulticontainerDocker",
        "service-role/AWSElasticBeanstalkEnhancedHealth",
        "AWSElasticBeanstalkManagedUpdatesCustomerRolePolicy",
    ] {
        assert!(text.contains(&format!(":iam::aws:policy/{policy}")), "{policy}: {text}");
    }
    assert!(text.contains("sts:ExternalId: elasticbeanstalk"), "{text}");
}

#[test]
fn the_role_of_the_instances_gets_the_rights_of_the_application() {
    let services = "services:\n  web:\n    image: nginx:1.27\n    ports: ['80:80']\n    x-tranship: { permissions: [{ actions: ['s3:GetObject'], resources: ['arn:aws:s3:::b/*'] }] }";
    let own = compiled(services, "roles: own");
    let identity = text(&own, ".ebextensions/30-identity.config").unwrap();
    let name = deployment(&own).environment.clone();
    assert!(identity.contains(&format!("{name}-instance\"]")), "{identity}");
    assert!(!identity.contains("aws-elasticbeanstalk-ec2-role"), "{identity}");
}
