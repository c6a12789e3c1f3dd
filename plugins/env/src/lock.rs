//! One writer at a time. There are no file locks in a sandbox, but a file is made by one only.

use std::fs;
use std::io::ErrorKind;
use std::thread;
use std::time::Duration;

use claviger_sdk::Failure;

const PATH: &str = "/data/.claviger.env.lock";

/// Writing takes milliseconds, so a lock of that age is what a server left behind that was killed.
const OLDEST: Duration = Duration::from_mins(1);

/// How often, and after how long, it is tried again.
const ATTEMPTS: u32 = 40;
const PAUSE: Duration = Duration::from_millis(50);

/// The right to write. It ends when this is dropped.
pub struct Lock(());

impl Lock {
    /// Waits for it for two seconds.
    pub fn take() -> Result<Self, Failure> {
        for _ in 0..ATTEMPTS {
            match fs::File::create_new(PATH) {
                Ok(_) => return Ok(Self(())),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                    if is_left_behind() {
                        // Of several who find it, one makes the next.
                        let _gone = fs::remove_file(PATH);
                    } else {
                        thread::sleep(PAUSE);
                    }
                }
                Err(error) => {
                    return Err(Failure::unreachable(format!(
                        "the lent directory can't be written to: {error}"
                    )));
                }
            }
        }
        Err(Failure::conflict("another call is writing claviger.env"))
    }
}

fn is_left_behind() -> bool {
    let made = fs::metadata(PATH).and_then(|lock| lock.modified());
    made.is_ok_and(|made| made.elapsed().is_ok_and(|age| age > OLDEST))
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Where it can't be removed, it is left behind, and a minute later taken away.
        let _gone = fs::remove_file(PATH);
    }
}
