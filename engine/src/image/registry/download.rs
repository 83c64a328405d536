//! A file from any address, read while it comes.

use super::chunks::{CHUNK, chunks};
use super::connection::Connection;
use super::endpoint::Endpoint;
use super::error::{RegistryError, one_line};
use reqwest::Url;
use std::io::{self, Read};
use tokio::sync::mpsc::Sender;

/// Fetches what is at `url`, as nobody in particular, and has `read` read it on a thread of its own.
///
/// A transfer that breaks off is a failure of the reader too: half a file is never taken for a whole one.
///
/// # Errors
/// Names the host, and says what it or the network said.
pub async fn download<T: Send + 'static>(
    url: &str,
    read: impl FnOnce(Box<dyn Read + Send>) -> T + Send + 'static,
) -> Result<T, RegistryError> {
    let url = Url::parse(url).map_err(|_| RegistryError::Address(url.to_owned()))?;
    let connection = Connection::open(&Endpoint::of_url(&url), Vec::new()).await?;
    let response = connection.send(|| connection.http().get(url.clone())).await?;
    let (sender, receiver) = chunks();
    let reading = tokio::task::spawn_blocking(move || read(Box::new(receiver)));
    let sent = send(&connection, response, &sender).await;
    if let Err(error) = &sent {
        // Who no longer reads has no need to know.
        let _ = sender.send(Err(io::Error::new(io::ErrorKind::UnexpectedEof, one_line(error)))).await;
    }
    drop(sender);
    let read = reading.await.map_err(|_| connection.protocol("a reader"))?;
    sent.map(|()| read)
}

async fn send(
    connection: &Connection,
    mut response: reqwest::Response,
    sender: &Sender<io::Result<Vec<u8>>>,
) -> Result<(), RegistryError> {
    while let Some(received) = connection.chunk(&mut response).await? {
        for chunk in received.chunks(CHUNK) {
            // Who does not read on has a reason, and tells it.
            if sender.send(Ok(chunk.to_vec())).await.is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}
