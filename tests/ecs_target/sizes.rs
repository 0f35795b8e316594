//! Sizes of tasks that nobody set.

use super::*;

const HUNGRY: &str = "services:
  web: { image: acme/web, ports: ['80:8000'] }
  db: { image: 'postgres:17' }
  index: { image: 'elasticsearch:8.15.0', environment: { ES_JAVA_OPTS: '-Xms2g -Xmx2g' } }
";

#[test]
fn fargate_has_room_for_what_is_known_to_need_it() {
    let template = template(HUNGRY);
    let size = |task: &str| {
        let task = properties(&template, task);
        [task["Cpu"].as_str().unwrap().to_owned(), task["Memory"].as_str().unwrap().to_owned()]
    };
    assert_eq!(size("WebTaskDefinition"), ["256", "512"]);
    assert_eq!(size("DbTaskDefinition"), ["512", "1024"]);
    assert_eq!(size("IndexTaskDefinition"), ["512", "3072"]);
}

/// Machines that nobody chose are chosen with room; on chosen ones nothing is reserved that might not be there.
#[test]
fn machines_have_room_or_a_warning_says_that_they_do_not() {
    let reserved = |text: &str| {
        let template = template_of("ecs-ec2", text);
        ["WebTaskDefinition", "DbTaskDefinition", "IndexTaskDefinition"].map(|task| {
            properties(&template, task)["ContainerDefinitions"][0]["MemoryReservation"].as_u64().unwrap()
        })
    };
    assert_eq!(reserved(HUNGRY), [256, 1024, 2745]);
    let chosen = format!("{HUNGRY}x-tranship: {{ instance_type: t3.small }}\n");
    assert_eq!(reserved(&chosen), [256, 256, 256]);
    let outcome = compiled("ecs-ec2", &chosen);
    let said = said(&outcome);
    let expected = "target/small-instance: `t3.small` has 1878 MiB of memory for tasks, less than the known need of `index` (2745 MiB)";
    assert!(said.iter().any(|line| line == expected), "{said:#?}");
}
