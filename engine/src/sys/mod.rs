//! The kernel's calls that have no safe wrapper elsewhere: one call each, a safe signature, owned
//! descriptors out. The only module with `unsafe`.

mod bpf;
pub mod capability;
mod close;
pub mod filter;
mod init_program;
mod message;
pub mod mount;
mod pidfd;
pub mod process;
pub mod quota;
mod requirement;
mod self_binary;
mod socket;
pub mod terminal;
mod window;
mod xattr;

pub use bpf::attach_device_program;
pub use close::close_inherited;
pub use init_program::{INIT_PROGRAM, init_program};
pub use message::{MOST_DESCRIPTORS, receive_message};
pub use pidfd::{pidfd_descriptor, pidfd_exit_status, pidfd_get_descriptor, pidfd_open, pidfd_send_signal};
pub use requirement::{Requirement, report_skip};
pub use self_binary::self_binary;
pub use socket::{incoming_processor, socket_namespace};
pub use window::{set_window_size, window_size};
pub use xattr::{Carrier, set_xattr, xattr, xattr_names};

/// Leaves a test early, saying so on standard error, unless every requirement is met.
///
/// ```text
/// #[test]
/// fn mounts_an_overlay() {
///     require!(Root, CgroupV2);
///     …
/// }
/// ```
#[macro_export]
macro_rules! require {
    ($($requirement:ident),+ $(,)?) => {
        $(
            if !$crate::sys::Requirement::$requirement.is_met() {
                $crate::sys::report_skip(module_path!(), $crate::sys::Requirement::$requirement);
                return;
            }
        )+
    };
}
pub use crate::require;
