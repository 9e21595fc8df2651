//! Every damage that `docs/vault.md` lists, done to a real vault: the error is the one that the page promises, and what is not
//! damaged still opens.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails where something is not as it sets it up")]

mod child;
mod file;
mod fixture;
mod key;
mod records;
mod system;
mod table;

/// A test for each row of the table, which it is given.
macro_rules! damages {
    ($($row:literal: $module:ident::$test:ident,)*) => {
        #[test]
        fn every_row_of_the_table_is_tested_and_every_test_is_in_the_table() {
            let mut tested = vec![$($row.to_owned()),*];
            tested.sort();
            assert_eq!(tested, table::names());
        }

        $(
            #[test]
            fn $test() {
                $module::$test(&table::row($row));
            }
        )*
    };
}

damages! {
    "wrong key": key::wrong_key,
    "wrong kind of key": key::wrong_kind_of_key,
    "lost key file": key::lost_key_file,
    "key file that others may read": key::public_key_file,
    "damaged key file": key::damaged_key_file,
    "environment variable not set": key::environment_not_set,
    "weakened passphrase": key::weakened_passphrase,
    "key record gone": key::key_record_gone,
    "swapped rows": records::swapped_rows,
    "row given to another user": records::row_given_to_another_user,
    "flipped bits in a record": records::flipped_bits_in_a_record,
    "flipped bits beside a record": records::flipped_bits_beside_a_record,
    "edited integration": records::edited_integration,
    "record of a later version": records::record_of_a_later_version,
    "audit log's key gone": records::log_key_gone,
    "audit log's key damaged": records::log_key_damaged,
    "clock set back": records::clock_set_back,
    "flipped bits in the structure": file::flipped_bits_in_the_structure,
    "flipped bits in the head": file::flipped_bits_in_the_head,
    "truncated file": file::truncated_file,
    "file cut to nothing": file::file_cut_to_nothing,
    "file gone, its log still there": file::file_gone_log_there,
    "not a database": file::not_a_database,
    "another program's database": file::another_programs_database,
    "later format": file::later_format,
    "older format": file::older_format,
    "a folder": file::a_folder,
    "full disk": system::full_disk,
    "read-only file": system::read_only_file,
    "read-only folder": system::read_only_folder,
    "no permission": system::no_permission,
    "no permission to make a vault": system::no_permission_to_make,
    "locked by another process": system::locked_by_another_process,
}
