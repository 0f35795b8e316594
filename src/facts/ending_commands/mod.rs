//! Commands that are known to end: migrations, seeds, clients, and the tools around them.
//!
//! In: the words of one simple command, as a shell reads them. Out: whether it ends, and whether it listens on a
//! port. What is in no table is unknown. The rows are in `table`.

mod table;

use crate::ImageReference;
use table::{
    AS_USER, COMMANDS, ENDING_PAIRS, ENDING_WORDS, EndingCommand, IMAGES, RUNNERS, RUNNING_WORDS,
    SCRIPT_RUNNERS, WAITERS, WORKERS,
};

/// Whether a command is known to end.
pub fn is_known_to_end(words: &[&str]) -> bool {
    let words = inner(words);
    let Some((program, arguments)) = words.split_first() else { return false };
    let tool = tool_name(program);
    let program = base_name(program);
    if tool == "sleep" {
        return arguments.first().is_some_and(|time| *time != "infinity" && *time != "inf");
    }
    if SCRIPT_RUNNERS.contains(&program) {
        let script = arguments.iter().find(|word| !word.starts_with('-') && **word != "run");
        if script.is_some_and(|script| name_says_it_ends(script)) {
            return true;
        }
    }
    // What waits runs nothing after it: `inner` would have gone on.
    WAITERS.contains(&program)
        || program == "dockerize"
        || COMMANDS
            .iter()
            .any(|row| row.fits(if row.arguments.is_empty() { tool } else { program }, arguments))
        || name_says_it_ends(program)
}

/// Whether a command is that of a worker, which listens on no port.
pub fn is_worker(words: &[&str]) -> bool {
    let words = inner(words);
    let Some((program, arguments)) = words.split_first() else { return false };
    WORKERS.iter().any(|row| row.fits(base_name(program), arguments))
}

/// The program that an image's entry point is, where the table has it or the image is named after a tool that
/// waits.
pub fn program_of_image(image: &str) -> Option<&'static str> {
    let path = ImageReference::parse(image).repository;
    let same = |name: &str| path == name || path.strip_suffix(name).is_some_and(|rest| rest.ends_with('/'));
    let row = IMAGES.iter().find(|(name, _)| same(name)).map(|(_, program)| *program);
    row.or_else(|| WAITERS.iter().find(|name| same(name)).copied())
}

/// Whether the name of a script, a service or an image says that it ends: `run-migrations`, `db_seed`.
pub fn name_says_it_ends(name: &str) -> bool {
    let name = base_name(name).to_ascii_lowercase();
    let words: Vec<&str> =
        name.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let pair = |(first, seconds): &(&str, &[&str])| {
        words.contains(first) && words.iter().any(|word| seconds.contains(word))
    };
    !words.iter().any(|word| RUNNING_WORDS.contains(word))
        && (words.iter().any(|word| ENDING_WORDS.contains(word)) || ENDING_PAIRS.iter().any(pair))
}

impl EndingCommand {
    fn fits(&self, program: &str, arguments: &[&str]) -> bool {
        let matches = |argument: &str, pattern: &str| match pattern.strip_suffix('*') {
            Some(start) => argument.starts_with(start),
            None => argument == pattern,
        };
        self.programs.contains(&program)
            && (self.arguments.is_empty()
                || arguments.iter().any(|word| self.arguments.iter().any(|pattern| matches(word, pattern))))
    }
}

/// The command itself, without what runs it: assignments, interpreters, `bundle exec`, `wait-for-it db:5432 --`.
fn inner<'w, 's>(mut words: &'w [&'s str]) -> &'w [&'s str] {
    loop {
        let Some((first, rest)) = words.split_first() else { return words };
        let program = base_name(first);
        let is_assignment = first.split_once('=').is_some_and(|(name, _)| {
            !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
        });
        let runner = RUNNERS.iter().find(|(names, then)| names.contains(&program) && rest.starts_with(then));
        let next = if is_assignment || *first == "--" {
            rest
        } else if AS_USER.contains(&program) {
            rest.get(1..).unwrap_or_default()
        } else if WAITERS.contains(&program) {
            match rest.iter().position(|word| *word == "--") {
                Some(at) => rest.get(at + 1..).unwrap_or_default(),
                None => return words,
            }
        } else if program == "dockerize" {
            // Its flags have values of their own: `-wait tcp://db:5432 -timeout 60s`.
            let flags =
                rest.chunks(2).take_while(|pair| pair.first().is_some_and(|word| word.starts_with('-')));
            match rest.get(flags.count() * 2..) {
                Some(rest @ [_, ..]) => rest,
                _ => return words,
            }
        } else if let Some((_, then)) = runner {
            let rest = rest.get(then.len()..).unwrap_or_default();
            let flags = rest.iter().take_while(|word| word.starts_with('-') && **word != "--").count();
            rest.get(flags..).unwrap_or_default()
        } else {
            return words;
        };
        words = next;
    }
}

/// `/opt/kafka/bin/kafka-topics.sh` as `kafka-topics`. A program of one's own is no tool: `echo.py` is not `echo`.
fn tool_name(program: &str) -> &str {
    let name = program.rsplit('/').next().unwrap_or(program);
    name.strip_suffix(".sh").unwrap_or(name)
}

/// `/app/bin/migrate.sh` as `migrate`.
fn base_name(program: &str) -> &str {
    let name = program.rsplit('/').next().unwrap_or(program);
    let scripts =
        [".sh", ".bash", ".py", ".js", ".mjs", ".cjs", ".ts", ".rb", ".php", ".pl", ".exs", ".jar", ".dll"];
    scripts.iter().find_map(|end| name.strip_suffix(end)).filter(|name| !name.is_empty()).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<&str> {
        line.split_whitespace().collect()
    }

    #[test]
    fn what_ends() {
        for line in [
            "python manage.py migrate --noinput",
            "python3 -u /srv/manage.py collectstatic",
            "./manage migrate",
            "bin/rails db:prepare",
            "bundle exec rake db:migrate",
            "alembic -c alembic.ini upgrade head",
            "python -m alembic upgrade head",
            "poetry run alembic upgrade head",
            "uv run manage.py migrate",
            "npx prisma migrate deploy",
            "npm run db:migrate",
            "yarn seed",
            "node_modules/.bin/knex migrate:latest",
            "php artisan migrate --force",
            "php bin/console doctrine:migrations:migrate -n",
            "flyway -url=jdbc:postgresql://db/app migrate",
            "migrate -path /m -database postgres://db/app up",
            "/usr/bin/mc mb store/images",
            "psql -h db -f /schema.sql",
            "wait-for-it.sh db:5432 -- ./migrate.sh",
            "wait-for db:5432",
            "dockerize -wait tcp://db:5432 -timeout 60s alembic upgrade head",
            "exec /app/run-migrations.sh",
            "RAILS_ENV=production bin/rails db:seed",
            "gosu app python manage.py loaddata x",
            "sleep 5",
            "kafka-topics --create --topic orders",
            "node dist/create-topics.js",
        ] {
            assert!(is_known_to_end(&words(line)), "{line}");
        }
    }

    #[test]
    fn what_may_keep_running() {
        for line in [
            "python manage.py runserver 0.0.0.0:8000",
            "gunicorn app:wsgi",
            "bundle exec puma",
            "npm start",
            "npm run dev",
            "npx prisma studio",
            "php artisan queue:work",
            "wait-for-it.sh db:5432 -- gunicorn app",
            "dockerize -wait tcp://db:5432 gunicorn app",
            "./migrate-and-serve.sh",
            "sleep infinity",
            "tail -f /dev/null",
            "celery -A shop worker",
            "python3 /srv/echo.py",
            "node sleep.js 5",
            "",
        ] {
            assert!(!is_known_to_end(&words(line)), "{line}");
        }
    }

    #[test]
    fn workers_listen_on_no_port() {
        for (line, is) in [
            ("celery -A shop worker", true),
            ("bundle exec sidekiq", true),
            ("php artisan queue:work", true),
            ("gunicorn app", false),
        ] {
            assert_eq!(is_worker(&words(line)), is, "{line}");
        }
    }

    #[test]
    fn images_whose_entry_point_is_known() {
        for (image, program) in [
            ("flyway/flyway:11", Some("flyway")),
            ("docker.io/minio/mc", Some("mc")),
            ("registry.example.com/acme/wait-for:1", Some("wait-for")),
            ("postgres:17", None),
        ] {
            assert_eq!(program_of_image(image), program, "{image}");
        }
    }
}
