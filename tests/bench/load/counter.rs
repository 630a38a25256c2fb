//! Counts the content events of a stream by a mark that each has once, also where a mark lies
//! across two pieces.

use memchr::memmem::Finder;

pub(crate) struct Counter {
    finder: Finder<'static>,
    /// The end of what came so far, one byte shorter than the mark.
    tail: Vec<u8>,
    count: usize,
}

impl Counter {
    pub(crate) fn new(mark: &'static [u8]) -> Self {
        Self {
            finder: Finder::new(mark),
            tail: Vec::new(),
            count: 0,
        }
    }

    pub(crate) fn reset(&mut self) {
        self.tail.clear();
        self.count = 0;
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    pub(crate) fn add(&mut self, piece: &[u8]) {
        let keep = self.finder.needle().len() - 1;
        // Tail and head are each too short for a mark: what is found here lies across.
        self.tail.extend_from_slice(&piece[..piece.len().min(keep)]);
        self.count += self.finder.find_iter(&self.tail).count();
        self.count += self.finder.find_iter(piece).count();
        if piece.len() >= keep {
            self.tail.clear();
            self.tail.extend_from_slice(&piece[piece.len() - keep..]);
        } else {
            self.tail.drain(..self.tail.len().saturating_sub(keep));
        }
    }
}
