DROP INDEX visit_note
CREATE INDEX extra ON visit (mood)
DROP INDEX visit_busy; CREATE INDEX visit_busy ON visit (clinic_id)
DROP INDEX visit_busy; CREATE INDEX visit_busy ON visit (clinic_id) WHERE mood = 'calm'
DROP INDEX visit_lower; CREATE INDEX visit_lower ON visit (lower(note))
DROP INDEX visit_note; CREATE INDEX visit_note ON visit (note DESC)
DROP INDEX visit_note; CREATE INDEX visit_note ON visit USING hash (note)
DROP INDEX visit_note; CREATE INDEX visit_note ON visit (note) INCLUDE (score)
DROP INDEX log_at
ALTER INDEX visit_note SET (fillfactor = 70)
ALTER INDEX visit_lower ALTER COLUMN 1 SET STATISTICS 700
ALTER TABLE clinic SET WITHOUT CLUSTER
ALTER TABLE visit CLUSTER ON visit_note
ALTER TABLE visit ALTER long SET STORAGE extended
ALTER TABLE visit ALTER note SET STORAGE external
ALTER TABLE visit ALTER note SET COMPRESSION pglz -- since 14
ALTER TABLE visit ALTER clinic_id SET STATISTICS -1
ALTER TABLE visit ALTER note SET STATISTICS 300
ALTER TABLE visit ALTER note SET (n_distinct = 5)
ALTER TABLE visit RESET (fillfactor)
ALTER TABLE visit SET (autovacuum_enabled = false)
ALTER TABLE visit SET (toast.autovacuum_enabled = false)
DROP STATISTICS visit_pair
ALTER STATISTICS visit_pair SET STATISTICS 400 -- since 13
DROP STATISTICS visit_pair; CREATE STATISTICS visit_pair (dependencies) ON clinic_id, note FROM visit
