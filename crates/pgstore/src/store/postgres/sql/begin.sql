-- A transaction of a migration. At a higher level all its statements would see the snapshot of the first
-- one, and while an index is built, this snapshot would hold it up.
BEGIN ISOLATION LEVEL READ COMMITTED
