//! The span that the engine's spans are children of.

use opentelemetry::{
    Context, ContextGuard, SpanId, TraceFlags, TraceId,
    trace::{SpanContext, TraceContextExt, TraceState},
};

use super::is_on;
use crate::error::{Error, ErrorKind, Result};

/// Makes the span that a W3C `traceparent` names the parent of what this thread does, until the
/// guard is dropped.
pub fn enter(traceparent: &str) -> Result<ContextGuard> {
    Ok(context(traceparent)?.attach())
}

/// The span that is current where work is handed to another thread; nothing where telemetry is off.
pub(crate) struct Caller(Option<Context>);

impl Caller {
    pub fn of_this_thread() -> Self {
        Self(is_on().then(Context::current))
    }

    /// Makes it current on the thread of the work, until the guard is dropped.
    pub fn enter(self) -> Option<ContextGuard> {
        self.0.map(Context::attach)
    }
}

pub(crate) fn is_traceparent(text: &str) -> bool {
    parse(text).is_some()
}

/// A context that only has the span that a W3C `traceparent` names.
pub(super) fn context(traceparent: &str) -> Result<Context> {
    let parsed = parse(traceparent).ok_or_else(|| {
        let message = format!(
            "{traceparent:?} is not a W3C traceparent: give 00-<32 hex digits>-<16 hex digits>-\
             <2 hex digits> in lower case, neither id all zeros"
        );
        Error::new(ErrorKind::InvalidArgument, "trace_context", message)
    })?;
    Ok(Context::new().with_remote_span_context(parsed))
}

fn parse(traceparent: &str) -> Option<SpanContext> {
    let mut parts = traceparent.split('-');
    let version = hex(parts.next()?, 2)?;
    let trace_id = u128::from_str_radix(hex(parts.next()?, 32)?, 16).ok()?;
    let span_id = u64::from_str_radix(hex(parts.next()?, 16)?, 16).ok()?;
    let flags = u8::from_str_radix(hex(parts.next()?, 2)?, 16).ok()?;
    // Later versions may add parts; this one has none, and ff is no version.
    if version == "ff" || (version == "00" && parts.next().is_some()) {
        return None;
    }
    let flags = TraceFlags::default().with_sampled(flags & 1 == 1);
    let (trace_id, span_id) = (TraceId::from(trace_id), SpanId::from(span_id));
    let context = SpanContext::new(trace_id, span_id, flags, true, TraceState::default());
    context.is_valid().then_some(context)
}

fn hex(text: &str, length: usize) -> Option<&str> {
    let is_digit = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
    (text.len() == length && text.bytes().all(is_digit)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_traceparent_is_read() {
        let parsed = parse(GOOD).unwrap();
        assert_eq!(parsed.trace_id().to_string(), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(parsed.span_id().to_string(), "b7ad6b7169203331");
        assert!(parsed.is_sampled() && parsed.is_remote());
        assert!(!parse(&GOOD.replace("-01", "-00")).unwrap().is_sampled());
        assert!(parse(&format!("{}-more", GOOD.replacen("00", "01", 1))).is_some());
    }

    #[test]
    fn what_is_no_traceparent_is_refused() {
        for text in [
            "",
            "-",
            &GOOD.to_uppercase(),
            &format!("{GOOD}-more"),
            &GOOD.replacen("00", "ff", 1),
            &GOOD.replace("b7ad6b7169203331", "0000000000000000"),
            &GOOD.replace("0af7651916cd43dd8448eb211c80319c", "0".repeat(32).as_str()),
            &GOOD[..54],
            &GOOD.replace("0af7", "größ"),
            &GOOD.replace("0af7", "+af7"),
        ] {
            let error = enter(text).map(drop).unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidArgument, "{text}");
        }
    }
}
