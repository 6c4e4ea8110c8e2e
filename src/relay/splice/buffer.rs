//! Buffers that are held only while there are bytes in them.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};

/// Size of a buffer; the largest write that rustls seals in one go.
pub(super) const SIZE: usize = 64 * 1024;
/// Buffers that a thread keeps for the next stream.
const KEPT: usize = 16;

thread_local! {
    static POOL: RefCell<Vec<Box<[u8; SIZE]>>> = const { RefCell::new(Vec::new()) };
}

/// A buffer of [`SIZE`] bytes; goes back to its thread's pool when dropped. It may
/// hold bytes of another stream: only what was read into it is ever sent.
pub(super) struct Buffer(Option<Box<[u8; SIZE]>>);

impl Buffer {
    pub(super) fn take() -> Self {
        let pooled = POOL.with_borrow_mut(Vec::pop);
        Self(Some(pooled.unwrap_or_else(|| {
            vec![0; SIZE].into_boxed_slice().try_into().expect("the length is SIZE")
        })))
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if let Some(buffer) = self.0.take() {
            // While a thread ends its pool may be gone; then the buffer just goes too.
            POOL.try_with(|pool| {
                let mut pool = pool.borrow_mut();
                if pool.len() < KEPT {
                    pool.push(buffer);
                }
            })
            .unwrap_or_default();
        }
    }
}

impl Deref for Buffer {
    type Target = [u8; SIZE];
    fn deref(&self) -> &[u8; SIZE] {
        self.0.as_deref().expect("taken only by drop")
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8; SIZE] {
        self.0.as_deref_mut().expect("taken only by drop")
    }
}
