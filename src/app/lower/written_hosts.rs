//! Names that nothing rewrites, because where they stand they may mean something else: in values and command lines.
//!
//! In: a text, and the addresses in it that are certain. Out: [`WrittenHost`]s, and [`HostReach`]es, since who may call
//! a service may connect to it. Invariant: what is rewritten, secret, or means the service itself is none.

use super::LoweringContext;
use super::address_scan::{ScannedAddress, TextRange, slice};
use super::bare_names::bare_names;
use super::environment_wiring::EnvironmentWiring;
use super::flat_text::FlatText;
use super::host_reaches::{DanglingHost, HostReach};
use crate::{HostPlace, ManifestName, TextPiece, WrittenHost};
use tranship_frontend::source::Origin;

/// A text that is looked at for names.
pub(super) struct ReadText<'a> {
    /// Whose.
    pub(super) service: &'a ManifestName,
    /// Where it stands.
    pub(super) place: HostPlace,
    /// What it is called: its variable, or the flag before it.
    pub(super) called: &'a str,
    /// The text.
    pub(super) flat: &'a FlatText,
    /// Where it comes from.
    pub(super) origin: Origin,
}

/// Variables that list hosts which are reached without a proxy: each host in its other name, too.
/// Source: curl, Go `net/http`, Python `urllib`, November 2026.
const WITHOUT_PROXY: &str = "no_proxy";

impl EnvironmentWiring<'_> {
    /// Notes the names in a text that stay as they are.
    pub(super) fn written(
        &mut self,
        cx: &LoweringContext<'_>,
        read: &ReadText<'_>,
        found: &[ScannedAddress],
    ) {
        let is_host =
            |name: &str| self.directory.resolve(read.service, name).is_some_and(|to| to != read.service);
        for name in bare_names(&read.flat.text, read.called, &is_host) {
            let known = found.iter().any(|address| overlap(&address.host, &name));
            if known || cx.secrets.parts(&read.flat.text).iter().any(|part| overlap(part, &name)) {
                continue;
            }
            let host = slice(&read.flat.text, &name);
            let Some(to) = self.directory.resolve(read.service, host).cloned() else { continue };
            let (from, origin) = (read.service.clone(), read.origin);
            if self.directory.is_absent(&to) {
                self.dangling.push(DanglingHost { from, to, origin });
                continue;
            }
            self.reaches.push(HostReach { from: from.clone(), to: to.clone(), port: None, origin });
            let written =
                WrittenHost { service: from, place: read.place.clone(), host: host.into(), to, origin };
            if !self.written.contains(&written) {
                self.written.push(written);
            }
        }
    }

    /// The names in a list of hosts that are reached without a proxy, each followed by the one on AWS.
    pub(super) fn unproxied<S>(
        &self,
        service: &ManifestName,
        variable: &str,
        flat: &FlatText,
    ) -> Option<Vec<(TextRange, TextPiece<S>)>> {
        if !variable.eq_ignore_ascii_case(WITHOUT_PROXY) {
            return None;
        }
        let mut marks = Vec::new();
        let mut start = 0;
        for piece in flat.text.split(',') {
            let name = piece.trim();
            let end = start + piece.trim_end().len();
            let to = self.directory.resolve(service, name).filter(|to| !self.directory.is_absent(to));
            if let Some(to) = to.filter(|to| !self.databases.contains_key(*to)) {
                marks.push((end..end, TextPiece::Literal(",".into())));
                marks.push((end..end, TextPiece::Host(to.clone())));
            }
            start += piece.len() + 1;
        }
        Some(marks)
    }
}

fn overlap(one: &TextRange, other: &TextRange) -> bool {
    one.start < other.end && other.start < one.end
}
