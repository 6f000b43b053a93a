-- Whatever the build of an index waits for, it locks nobody out.
SET lock_timeout = 0
