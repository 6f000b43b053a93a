//! Serves the demo until it is told to stop.

use std::error::Error;
use std::future::Future;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::time::timeout;

use crate::{Demo, figures};

/// Serves the demo until Ctrl-C, and prints its URL.
///
/// # Errors
/// If serving fails, or work in the background does not end.
pub async fn serve(demo: Demo, listener: TcpListener) -> Result<(), Box<dyn Error>> {
    println!("The cookie is not Secure: the demo is served over plain http on this machine only.");
    let address = listener.local_addr()?;
    println!("Prometheus reads http://{address}{}", figures::PATH);
    println!("Listening on http://{address}");
    let stopping = demo.stopping();
    let stop = async move {
        interrupted().await;
        stopping.send_replace(true);
    };
    tokio::select! {
        served = axum::serve(listener, demo.routes()).with_graceful_shutdown(stop) => served?,
        () = patience_is_over() => {}
    }
    println!("Stopping.");
    demo.close().await
}

/// Ends three seconds after Ctrl-C, so that requests under way can finish, or at a second Ctrl-C.
async fn patience_is_over() {
    interrupted().await;
    let _ = timeout(Duration::from_secs(3), interrupted()).await;
}

/// Ends at Ctrl-C, and when the system asks the program to stop.
fn interrupted() -> impl Future<Output = ()> {
    #[cfg(unix)]
    let terminated = async {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => _ = signal.recv().await,
            Err(_) => std::future::pending().await, // Ctrl-C is left.
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending();
    async {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            () = terminated => {}
        }
    }
}
