-- While the build of an index waits, it blocks no reader or writer.
SET lock_timeout = 0
