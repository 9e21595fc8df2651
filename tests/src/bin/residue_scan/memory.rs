//! The memory of a process, mapping by mapping, without the pages that it has never touched.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;

/// Reservations of address space larger than this, which can neither be read nor written, are not looked at.
const LARGEST_RESERVATION: u64 = 1 << 30;
const PAGE: usize = 4096;

/// A mapping as `/proc/PID/maps` tells it.
pub(crate) struct Mapping {
    pub(crate) range: Range<u64>,
    pub(crate) rights: String,
    pub(crate) name: String,
}

/// The mappings that may hold something of the process's own.
pub(crate) fn mappings(pid: u32) -> io::Result<Vec<Mapping>> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/maps"))?;
    let all: Vec<Mapping> = text.lines().filter_map(mapping).collect();
    if all.is_empty() {
        return Err(io::Error::other("the process has no mappings: it has ended"));
    }
    Ok(all.into_iter().filter(is_its_own).collect())
}

fn mapping(line: &str) -> Option<Mapping> {
    // Five columns, then the name, which may contain blanks.
    let mut columns = line.splitn(6, ' ');
    let (start, end) = columns.next()?.split_once('-')?;
    let range = u64::from_str_radix(start, 16).ok()?..u64::from_str_radix(end, 16).ok()?;
    let rights = columns.next()?.to_owned();
    let name = columns.nth(3).unwrap_or_default().trim().to_owned();
    Some(Mapping { range, rights, name })
}

fn is_its_own(mapping: &Mapping) -> bool {
    let is_kernels = mapping.name.starts_with("[v"); // [vdso], [vvar], [vsyscall]
    let is_reservation =
        mapping.rights.starts_with("---") && mapping.range.end - mapping.range.start > LARGEST_RESERVATION;
    !is_kernels && !is_reservation
}

/// Reads the pages of a process.
pub(crate) struct Pages {
    memory: File,
    /// What is known of each page: eight bytes.
    map: File,
}

impl Pages {
    pub(crate) fn of(pid: u32) -> io::Result<Self> {
        Ok(Self { memory: File::open(format!("/proc/{pid}/mem"))?, map: File::open(format!("/proc/{pid}/pagemap"))? })
    }

    /// Every unbroken stretch of present pages, with its address.
    pub(crate) fn blocks(&self, mapping: &Mapping) -> io::Result<Vec<(u64, Vec<u8>)>> {
        let mut blocks = Vec::new();
        for range in self.present(&mapping.range)? {
            let mut block = vec![0; usize::try_from(range.end - range.start).map_err(io::Error::other)?];
            match self.memory.read_exact_at(&mut block, range.start) {
                Ok(()) => blocks.push((range.start, block)),
                // Memory of devices and the like cannot be read by anybody, ourselves included.
                Err(_) if !mapping.rights.starts_with("rw") => {}
                Err(error) => return Err(error),
            }
        }
        Ok(blocks)
    }

    fn present(&self, range: &Range<u64>) -> io::Result<Vec<Range<u64>>> {
        const PRESENT_OR_SWAPPED: u64 = 3 << 62;
        let page = PAGE as u64;
        let pages = usize::try_from((range.end - range.start) / page).map_err(io::Error::other)?;
        let mut entries = vec![0; pages * 8];
        self.map.read_exact_at(&mut entries, range.start / page * 8)?;
        let mut found: Vec<Range<u64>> = Vec::new();
        for (entry, start) in entries.chunks_exact(8).zip((range.start..).step_by(PAGE)) {
            let entry = u64::from_le_bytes(entry.try_into().expect("chunks have eight bytes"));
            if entry & PRESENT_OR_SWAPPED != 0 {
                match found.last_mut() {
                    Some(last) if last.end == start => last.end += page,
                    _ => found.push(start..start + page),
                }
            }
        }
        Ok(found)
    }
}
