/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/live/apply_fixture.h"

#include <check.h>
#include <sys/stat.h>

/* One of each kind. */
void fixture_everything(struct apply_fixture *f)
{
	fixture_file(f, "s/changed", "old");
	fixture_file(f, "s/gone", "gone");
	fixture_file(f, "s/gone_directory/a/b", "deep");
	fixture_symlink(f, "s/gone_directory/link", "a");
	fixture_file(f, "s/file_to_link", "file");
	fixture_file(f, "s/file_to_directory", "file");
	fixture_file(f, "s/directory_to_file/x", "x");
	fixture_symlink(f, "s/link", "old target");
	fixture_directory(f, "s/mode", 02775);
	fixture_file(f, "s/old_name/in", "moved along");
	fixture_file(f, "s/old_name/edited", "before");
	fixture_file(f, "s/kept", "kept");
	fixture_begin(f);
	fixture_file(f, "u/changed", "new");
	ck_assert_int_eq(fchmodat(f->upper_fd, "changed", 04755, 0), 0);
	fixture_whiteout(f, "u/gone");
	fixture_whiteout(f, "u/gone_directory");
	fixture_symlink(f, "u/file_to_link", "kept");
	fixture_file(f, "u/file_to_directory/in", "in");
	fixture_file(f, "u/directory_to_file", "file");
	fixture_symlink(f, "u/link", "new target");
	fixture_directory(f, "u/mode", 0711);
	fixture_file(f, "u/new/deep/file", "deep");
	fixture_directory(f, "u/new/shut", 0555);
	fixture_file(f, "u/new/shut/file", "shut in");
	fixture_attribute(f, "u/new", "trusted.overlay.opaque", "y");
	fixture_file(f, "u/name/edited", "after");
	fixture_attribute(f, "u/name", "trusted.overlay.redirect", "old_name");
	fixture_whiteout(f, "u/old_name");
	fixture_change(f, WORKSPACE_MODIFIED, "changed");
	fixture_change(f, WORKSPACE_REPLACED, "directory_to_file");
	fixture_change(f, WORKSPACE_REPLACED, "file_to_directory");
	fixture_change(f, WORKSPACE_ADDED, "file_to_directory/in");
	fixture_change(f, WORKSPACE_REPLACED, "file_to_link");
	fixture_change(f, WORKSPACE_DELETED, "gone");
	fixture_change(f, WORKSPACE_DELETED, "gone_directory")->type = WORKSPACE_DIRECTORY;
	fixture_change(f, WORKSPACE_MODIFIED, "link");
	fixture_change(f, WORKSPACE_MODIFIED, "mode");
	fixture_change(f, WORKSPACE_RENAMED, "name")->from = "old_name";
	fixture_change(f, WORKSPACE_MODIFIED, "name/edited");
	fixture_change(f, WORKSPACE_ADDED, "new");
	fixture_change(f, WORKSPACE_ADDED, "new/deep");
	fixture_change(f, WORKSPACE_ADDED, "new/deep/file");
	fixture_change(f, WORKSPACE_ADDED, "new/shut");
	fixture_change(f, WORKSPACE_ADDED, "new/shut/file");
}

const char fixture_everything_applied[] = "changed 100755 0:0 new\n"
					  "directory_to_file 100644 0:0 file\n"
					  "file_to_directory 40755 0:0 \n"
					  "file_to_directory/in 100644 0:0 in\n"
					  "file_to_link 120777 0:0 kept\n"
					  "kept 100644 0:0 kept\n"
					  "link 120777 0:0 new target\n"
					  "mode 42711 0:0 \n"
					  "name 40755 0:0 \n"
					  "name/edited 100644 0:0 after\n"
					  "name/in 100644 0:0 moved along\n"
					  "new 40755 0:0 \n"
					  "new/deep 40755 0:0 \n"
					  "new/deep/file 100644 0:0 deep\n"
					  "new/shut 40555 0:0 \n"
					  "new/shut/file 100644 0:0 shut in\n";

/* Directories stay: they hide nothing. */
const char fixture_upper_left[] = "file_to_directory 40755 0:0 \n"
				  "mode 40711 0:0 \n"
				  "name 40755 0:0 \n"
				  "new 40755 0:0 \n"
				  "new/deep 40755 0:0 \n"
				  "new/shut 40555 0:0 \n";
