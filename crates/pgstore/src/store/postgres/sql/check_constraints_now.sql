-- A probe never commits, so constraints that are checked at the commit have to be checked before.
SET CONSTRAINTS ALL IMMEDIATE
