use super::*;
use crate::operation::transcripts::{WIDTHS, golden};

fn event(subject: &str, kind: &str, status: &str, text: &str) -> LiveEvent {
    LiveEvent {
        subject: subject.into(),
        kind: kind.into(),
        status: status.into(),
        text: text.into(),
        failed: status.ends_with("_FAILED") || status == "TASK_STOPPED",
    }
}

fn owners() -> BTreeMap<String, String> {
    let pairs = [
        ("WebTaskDefinition", "service web"),
        ("WebService", "service web"),
        ("WorkerService", "service worker-with-a-rather-long-name"),
        ("MigrateRun", "job migrate"),
        ("DbDatabase", "database db"),
        ("LoadBalancer", "load balancer"),
        ("Cluster", "environment"),
        ("TaskRole", "environment"),
    ];
    pairs.iter().map(|(id, owner)| ((*id).to_owned(), (*owner).to_owned())).collect()
}

const TASK: &str = "AWS::ECS::TaskDefinition";
const SERVICE: &str = "AWS::ECS::Service";

/// A deployment as it happens: seconds, events.
fn script() -> Vec<(u64, LiveEvent)> {
    vec![
        (1, event("shop-prod", "AWS::CloudFormation::Stack", "CREATE_IN_PROGRESS", "User Initiated")),
        (2, event("Cluster", "AWS::ECS::Cluster", "CREATE_IN_PROGRESS", "")),
        (5, event("Cluster", "AWS::ECS::Cluster", "CREATE_COMPLETE", "")),
        (6, event("DbDatabase", "AWS::RDS::DBInstance", "CREATE_IN_PROGRESS", "")),
        (306, event("DbDatabase", "AWS::RDS::DBInstance", "CREATE_COMPLETE", "")),
        (307, event("MigrateRun", "Custom::TaskRun", "CREATE_IN_PROGRESS", "")),
        (340, event("MigrateRun", "Custom::TaskRun", "CREATE_COMPLETE", "")),
        (341, event("WebTaskDefinition", TASK, "CREATE_COMPLETE", "")),
        (342, event("WebService", SERVICE, "CREATE_IN_PROGRESS", "")),
        (343, event("WorkerService", SERVICE, "CREATE_IN_PROGRESS", "")),
        (350, event("web", "service", "ROLLOUT_IN_PROGRESS", "1/2 running, 1 pending")),
        (355, event("web", "service", "TARGET_HEALTH", "0/1 targets healthy")),
        (
            358,
            event(
                "web",
                "service",
                "TARGET_HEALTH",
                "0/1 targets healthy: Health checks failed with these codes: [404]",
            ),
        ),
        (
            372,
            event(
                "web",
                "service",
                "TASK_STOPPED",
                "task 0f1e2d3c: Essential container in task exited; container web: exit code 1",
            ),
        ),
        (375, event("WorkerService", SERVICE, "CREATE_COMPLETE", "")),
        (380, event("WebService", SERVICE, "CREATE_FAILED", "ECS Deployment Circuit Breaker was triggered")),
    ]
}

fn board(until: u64) -> LiveBoard {
    let owners = owners();
    let changing: Vec<String> = owners.keys().cloned().collect();
    let mut board = LiveBoard::new("stack shop-prod", &owners, &changing, 0);
    for (time, event) in script().into_iter().filter(|(time, _)| *time <= until) {
        board.take(&event, time);
    }
    board
}

#[test]
fn the_screen_at_each_width_is_the_transcript() {
    for width in WIDTHS {
        let screens = [0, 5, 200, 360, 400].map(|now| {
            let screen = board(now).screen(now, width, 50);
            assert!(screen.iter().all(|line| line.chars().count() <= width), "{screen:?}");
            format!("--- {}\n{}\n", elapsed(now), screen.join("\n"))
        });
        golden(&format!("deploy-{width}.txt"), &screens.concat());
    }
}

#[test]
fn a_line_has_its_state_its_time_and_what_ecs_counts() {
    let at = |now| board(now).screen(now, 200, 50);
    assert_eq!(at(0)[0], "stack shop-prod  0s");
    let lines = at(360);
    assert_eq!(lines.len(), 7);
    let find = |lines: &[String], name: &str| lines.iter().find(|line| line.contains(name)).cloned().unwrap();
    assert!(
        find(&lines, "service web ").ends_with(
            "in progress     19s  1 of 2, 1/2 running, 1 pending, 0/1 targets healthy: Health checks failed with these codes: [404]"
        ),
        "{lines:?}"
    );
    assert!(find(&lines, "database db").ends_with("done          5m00s"), "{lines:?}");
    assert!(find(&lines, "the rest").ends_with("in progress   5m58s  1 of 2"), "{lines:?}");
    assert!(find(&lines, "load balancer").trim_end().ends_with("waiting"), "{lines:?}");
    let lines = at(400);
    assert!(
        find(&lines, "service web ").contains("✗")
            && find(&lines, "service web ").contains("failed          39s")
    );
    assert_eq!(
        lines[7],
        "  ! web: task 0f1e2d3c: Essential container in task exited; container web: exit code 1"
    );
    assert_eq!(lines[8], "  ! WebService: ECS Deployment Circuit Breaker was triggered");
}

#[test]
fn the_last_events_that_matter_are_shown_once() {
    let mut board = LiveBoard::new("t", &BTreeMap::new(), &[], 0);
    for number in [1, 1, 2, 3, 4, 5, 6] {
        board.take(&event("web", "service", "SERVICE_EVENT", &format!("event\n{number}")), 1);
    }
    let screen = board.screen(1, 80, 50);
    assert_eq!(screen.len(), 1 + NOTED);
    assert_eq!((screen[1].as_str(), screen[5].as_str()), ("  ! web: event 2", "  ! web: event 6"));
}

#[test]
fn what_elastic_beanstalk_says_is_shown_in_its_words() {
    let mut board = LiveBoard::new("environment shop-dev", &BTreeMap::new(), &[], 0);
    board.take(&event("shop-dev", "", "INFO", "Environment update is starting."), 3);
    let screen = board.screen(10, 80, 50);
    assert_eq!(screen[1], "  ~ the rest  in progress      7s");
    assert_eq!(screen[2], "  ! shop-dev: Environment update is starting.");
}

/// A task definition that is replaced stays, so that a rollback finds it.
#[test]
fn what_an_update_leaves_behind_is_done() {
    let mut board = LiveBoard::new("stack", &owners(), &["WebTaskDefinition".to_owned()], 0);
    for (at, status) in [(1, "UPDATE_IN_PROGRESS"), (2, "UPDATE_COMPLETE"), (9, "DELETE_SKIPPED")] {
        board.take(&event("WebTaskDefinition", TASK, status, ""), at);
    }
    assert_eq!(board.screen(20, 80, 20)[1], "  ✓ service web  done             8s");
}

#[test]
fn durations_are_short() {
    for (seconds, text) in
        [(0, "0s"), (59, "59s"), (60, "1m00s"), (125, "2m05s"), (3600, "1h00m"), (3725, "1h02m")]
    {
        assert_eq!(elapsed(seconds), text);
    }
}

#[test]
fn json_lines_have_a_stable_form() {
    use serde_json::json;
    let one = event("Web", SERVICE, "CREATE_FAILED", "why");
    assert_eq!(
        event_line(&one, "t"),
        json!({"type": "event", "time": "t", "subject": "Web", "kind": SERVICE, "status": "CREATE_FAILED", "text": "why", "failed": true})
    );
    assert_eq!(
        banner_line("s", "1", "r", "me"),
        json!({"type": "banner", "schema": 1, "subject": "s", "account": "1", "region": "r", "identity": "me"})
    );
    assert_eq!(message_line("m"), json!({"type": "message", "text": "m"}));
    assert_eq!(warning_line("m"), json!({"type": "warning", "text": "m"}));
    assert_eq!(review_line("s", &Default::default())["diff"]["changed"], false);
    assert_eq!(
        result_line(true, &[("Url".into(), "u".into())], None, 0),
        json!({"type": "result", "status": "succeeded", "changed": true, "outputs": {"Url": "u"}, "error": null, "exit_code": 0})
    );
    let failed = result_line(false, &[], Some(("no", &["help".to_owned()])), 1);
    assert_eq!(
        (&failed["status"], &failed["error"], &failed["exit_code"]),
        (&json!("failed"), &json!({"message": "no", "help": ["help"]}), &json!(1))
    );
}

/// The keys of each line are those that `docs/operation.md` names.
#[test]
fn the_documented_json_lines_are_those_that_are_written() {
    let docs = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/operation.md");
    let docs = std::fs::read_to_string(docs).unwrap();
    let table = docs.split("| `type` | other keys |").nth(1).unwrap().split("\n\n").next().unwrap();
    let row = |kind: &str| {
        let rows = table.lines().filter(|line| line.split('|').nth(1).is_some_and(|it| it.contains(kind)));
        rows.map(|line| line.split('|').nth(2).unwrap()).collect::<Vec<_>>().join("")
    };
    let lines = [
        banner_line("s", "1", "r", "me"),
        message_line("m"),
        warning_line("w"),
        review_line("s", &Default::default()),
        event_line(&event("Web", SERVICE, "CREATE_FAILED", "why"), "t"),
        result_line(false, &[], Some(("no", &["help".to_owned()])), 1),
    ];
    for line in &lines {
        let kind = line["type"].as_str().unwrap();
        let told = row(&format!("`{kind}`"));
        let keys = line.as_object().unwrap().keys().filter(|key| *key != "type");
        for key in keys {
            assert!(told.contains(&format!("`{key}`")), "{kind}: {key} is not in docs/operation.md");
        }
        let named = told.split('`').skip(1).step_by(2);
        let values = ["null", "message", "help", "succeeded", "failed", "diff --format json"];
        let unknown = named.filter(|name| line.get(*name).is_none() && !values.contains(name));
        assert_eq!(unknown.collect::<Vec<_>>(), Vec::<&str>::new(), "{kind}");
    }
}

#[test]
fn notes_go_below_a_line_that_has_no_room() {
    let ill = "0/1 targets healthy: Request timed out";
    assert_eq!(with_notes("  ~ web", ill, 47), [format!("  ~ web  {ill}")]);
    assert_eq!(with_notes("  ~ web", ill, 46), ["  ~ web", &format!("      {ill}")]);
    assert_eq!(
        with_notes("  ~ web", ill, 30),
        ["  ~ web", "      0/1 targets healthy:", "      Request timed out"]
    );
    assert_eq!(with_notes("  ~ web", "", 4), ["  ~…"]);
}

#[test]
fn a_screen_is_as_high_as_the_terminal_and_hides_what_is_done_first() {
    let owners: BTreeMap<String, String> =
        (0..30).map(|n| (format!("S{n}"), format!("service s{n:02}"))).collect();
    let changing: Vec<String> = owners.keys().cloned().collect();
    let mut board = LiveBoard::new("stack shop", &owners, &changing, 0);
    for n in 0..20 {
        board.take(&event(&format!("S{n}"), SERVICE, "CREATE_COMPLETE", ""), 1);
    }
    board.take(&event("S29", SERVICE, "CREATE_FAILED", "no"), 2);
    board.take(&event("S28", SERVICE, "CREATE_IN_PROGRESS", ""), 2);
    let screen = board.screen(3, 80, 24);
    assert_eq!(screen.len(), 24);
    assert_eq!(screen[22], "  … and 9 done");
    assert!(screen[21].starts_with("  ✗ service s29"), "{screen:?}");
    assert!(
        screen[1].starts_with("  ✓ service s00") && screen[11].starts_with("  ✓ service s10"),
        "{screen:?}"
    );
    let screen = board.screen(3, 80, 4);
    assert!(screen[1].starts_with("  ✗ service s29"), "{screen:?}");
    assert_eq!(screen[2], "  … and 8 waiting, 1 in progress, 20 done");
    assert_eq!(board.screen(3, 80, 50).len(), 32);
}

#[test]
fn lines_stand_in_the_order_of_what_people_look_for() {
    let subjects = [
        "load balancer",
        "volume v",
        "database d",
        "job j",
        "container c",
        "service s",
        "something",
        "environment",
    ];
    let owners = subjects.iter().map(|subject| (subject.replace(' ', ""), (*subject).to_owned())).collect();
    let changing: Vec<String> = subjects.iter().map(|subject| subject.replace(' ', "")).collect();
    let screen = LiveBoard::new("stack shop", &owners, &changing, 0).screen(0, 80, 40);
    let order: Vec<&str> = screen
        .iter()
        .skip(1)
        .map(|line| line.trim_start().trim_start_matches('·').trim_start())
        .map(|line| line.split("  ").next().unwrap_or_default())
        .collect();
    assert_eq!(
        order[..7],
        ["service s", "container c", "job j", "database d", "volume v", "load balancer", "something"]
    );
    assert!(order[7..].contains(&"the rest"), "{screen:?}");
}
