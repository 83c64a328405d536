//! A part of a file as the body of a request: read as it is sent, and counted.

use reqwest::Body;
use std::io::{self, SeekFrom};
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncSeekExt as _, ReadBuf, Take};
use tokio::sync::mpsc;
use tokio_util::io::ReaderStream;

/// Large enough that a read costs little beside the sending.
const BUFFER: usize = 128 << 10;

/// Bytes of a file that one request sends.
pub(super) struct Piece {
    /// The body, to be sent once.
    pub(super) body: Body,
    /// How many bytes have been sent, each time that changes.
    pub(super) sent: mpsc::UnboundedReceiver<u64>,
}

impl Piece {
    /// `length` bytes of the file from `offset` on.
    pub(super) async fn open(path: &Path, offset: u64, length: u64) -> io::Result<Self> {
        use tokio::io::AsyncReadExt as _;
        let mut file = File::open(path).await?;
        file.seek(SeekFrom::Start(offset)).await?;
        let (report, sent) = mpsc::unbounded_channel();
        let counted = Counted { file: file.take(length), count: 0, report };
        Ok(Self { body: Body::wrap_stream(ReaderStream::with_capacity(counted, BUFFER)), sent })
    }
}

/// Tells how much has been read through it.
struct Counted {
    file: Take<File>,
    count: u64,
    report: mpsc::UnboundedSender<u64>,
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.file).poll_read(context, buffer))?;
        self.count += (buffer.filled().len() - before) as u64;
        // Nobody listens any more when the answer is there.
        let _ = self.report.send(self.count);
        Poll::Ready(Ok(()))
    }
}
