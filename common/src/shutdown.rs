//! The wish to stop, handed to every loop as a parameter.
//!
//! The first SIGINT or SIGTERM asks for a drain: loops see it through [`Shutdown::recv`] and
//! finish. A second one ends the process at once with exit code 130 (SIGINT) or 143 (SIGTERM), as
//! a shell reports a process that the signal killed.

use std::io;
use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::AbortHandle;

/// 128 + the signal's number.
const SIGINT_CODE: i32 = 130;
const SIGTERM_CODE: i32 = 143;

/// Tells whoever holds a clone whether the process is asked to stop. Once asked, always asked.
#[derive(Debug, Clone)]
pub struct Shutdown {
    asked: watch::Receiver<bool>,
    /// The listening task ends with the last clone.
    _listener: Option<Arc<Listener>>,
}

/// Asks for a shutdown by hand; dropping it asks too, so that nobody waits for ever.
#[derive(Debug)]
pub struct Trigger(watch::Sender<bool>);

impl Trigger {
    /// Asks every holder of the [`Shutdown`] to stop.
    pub fn shut_down(&self) {
        self.0.send_replace(true);
    }
}

impl Shutdown {
    /// Listens to SIGINT and SIGTERM from now on; must be called inside a tokio runtime.
    pub fn signals() -> io::Result<Self> {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let (trigger, Self { asked, .. }) = Self::manual();
        let task = tokio::spawn(async move {
            let name = next(&mut interrupt, &mut terminate).await.0;
            tracing::info!(signal = %name, "shutting down");
            trigger.shut_down();
            let (name, code) = next(&mut interrupt, &mut terminate).await;
            tracing::warn!(signal = %name, "second signal: stopping at once");
            exit(code);
        });
        Ok(Self { asked, _listener: Some(Arc::new(Listener(task.abort_handle()))) })
    }

    /// A shutdown that nothing but its trigger asks for.
    pub fn manual() -> (Trigger, Self) {
        let (sender, asked) = watch::channel(false);
        let shutdown = Self { asked, _listener: None };
        (Trigger(sender), shutdown)
    }

    /// Waits until the process is asked to stop; at once if it was. Safe to drop and call again,
    /// as `select!` does.
    pub async fn recv(&mut self) {
        // An error means that the trigger is gone, which asks too.
        let _ = self.asked.wait_for(|asked| *asked).await;
    }

    /// Whether the process is asked to stop.
    pub fn is_set(&self) -> bool {
        *self.asked.borrow() || self.asked.has_changed().is_err()
    }
}

#[derive(Debug)]
struct Listener(AbortHandle);

impl Drop for Listener {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn next(interrupt: &mut Signal, terminate: &mut Signal) -> (&'static str, i32) {
    tokio::select! {
        _ = interrupt.recv() => ("SIGINT", SIGINT_CODE),
        _ = terminate.recv() => ("SIGTERM", SIGTERM_CODE),
    }
}

#[expect(clippy::exit, reason = "whoever sends a second signal does not want to wait for a drain")]
fn exit(code: i32) {
    std::process::exit(code)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn every_clone_hears_it_and_hears_it_again() {
        let (trigger, mut shutdown) = Shutdown::manual();
        let mut other = shutdown.clone();
        assert!(!shutdown.is_set());
        trigger.shut_down();
        trigger.shut_down();
        assert!(shutdown.is_set() && other.is_set());
        shutdown.recv().await;
        shutdown.recv().await;
        other.recv().await;
    }

    #[tokio::test]
    async fn nobody_waits_for_a_dropped_trigger() {
        let (trigger, mut shutdown) = Shutdown::manual();
        drop(trigger);
        shutdown.recv().await;
        assert!(shutdown.is_set());
    }

    #[tokio::test]
    async fn recv_waits_while_nobody_asks() {
        let (_trigger, mut shutdown) = Shutdown::manual();
        let waited = tokio::time::timeout(Duration::from_millis(20), shutdown.recv()).await;
        assert!(waited.is_err());
    }

    // The only test that sends a signal: a second one would end the test process.
    #[tokio::test]
    async fn a_sigterm_asks_for_a_drain() {
        let mut shutdown = Shutdown::signals().unwrap();
        let id = std::process::id().to_string();
        let sent = std::process::Command::new("kill").args(["-TERM", &id]).status();
        assert!(sent.unwrap().success());
        let asked = tokio::time::timeout(Duration::from_secs(10), shutdown.recv()).await;
        assert!(asked.is_ok() && shutdown.is_set());
    }
}
