//! Serves the demo until it is told to stop.

use std::error::Error;
use std::io;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::{Demo, figures};

/// Serves the demo until Ctrl-C, and prints its URL.
///
/// # Errors
/// If serving fails, or work in the background does not end.
pub async fn serve(demo: Demo, listener: TcpListener) -> Result<(), Box<dyn Error>> {
    println!("The cookie is not Secure: the demo is served over plain http on this machine only.");
    let address = listener.local_addr()?;
    // Before it says that it listens: from then on it may be asked to stop.
    let interrupts = interrupts()?;
    println!("Prometheus reads http://{address}{}", figures::PATH);
    println!("Listening on http://{address}");
    let (stopping, mut first) = (demo.stopping(), interrupts.clone());
    let stop = async move {
        let _ = first.wait_for(|times| *times > 0).await;
        stopping.send_replace(true);
    };
    tokio::select! {
        served = axum::serve(listener, demo.routes()).with_graceful_shutdown(stop) => served?,
        () = patience_is_over(interrupts) => {}
    }
    println!("Stopping.");
    demo.close().await
}

/// Ends three seconds after Ctrl-C, so that requests under way can finish, or at a second Ctrl-C.
async fn patience_is_over(mut interrupts: watch::Receiver<u32>) {
    let _ = interrupts.wait_for(|times| *times > 0).await;
    let again = interrupts.wait_for(|times| *times > 1);
    let _ = timeout(Duration::from_secs(3), again).await;
}

/// Counts from now on how often the program is asked to stop: by Ctrl-C, or by the system.
fn interrupts() -> io::Result<watch::Receiver<u32>> {
    let (asked, times) = watch::channel(0);
    #[cfg(unix)]
    let (mut ctrl_c, mut terminated) = {
        use tokio::signal::unix::{SignalKind, signal};
        let (ctrl_c, terminated) = (SignalKind::interrupt(), SignalKind::terminate());
        (signal(ctrl_c)?, signal(terminated)?)
    };
    tokio::spawn(async move {
        loop {
            #[cfg(unix)]
            tokio::select! {
                _ = ctrl_c.recv() => {}
                _ = terminated.recv() => {}
            }
            #[cfg(not(unix))]
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
            asked.send_modify(|times| *times += 1);
        }
    });
    Ok(times)
}
