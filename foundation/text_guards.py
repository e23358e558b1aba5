"""The rules for characters in PostgreSQL: a check constraint for each text and JSON column of each table.

Columns are found in the catalogue, so a column that is added later, also by a library, is checked too.
Install it after the last migration. Rows from before are cleaned where they may change at all; rows that
nothing may change keep their text, and whoever shows them uses `foundation.text.safe_in_xml`.

PostgreSQL checks all constraints of a row at each change of it. What the portal itself makes of checked
columns is long and is not checked a second time: `MADE_OF_CHECKED_TEXTS`.
"""

from foundation.text import UNSAFE_STORED

# In the text of JSON, control characters are escapes: \u0000 to \u001f, \b and \f. A pair of backslashes
# before them is a backslash that was typed.
_ESCAPED = r"(?<!\\)((?:\\\\)*)\\(?:u00(?:0[0-8bcef]|1[0-9a-f])|[bf])"
_RAW = f"[{UNSAFE_STORED}]"
MADE_OF_CHECKED_TEXTS = frozenset(
    {
        ("proposals_version", "dossier"),
        ("proposals_draftpdf", "dossier"),
        ("proposals_verdictrecord", "by_rule"),
        ("proposals_verdictrecord", "content"),
        ("proposals_verdictrecord", "facts"),
        ("proposals_ledgerrecord", "content"),
        ("calls_appliedconditions", "content"),
        ("django_session", "session_data"),  # encoded
    }
)
_LEFT_OUT = ", ".join(f"('{table}', '{column}')" for table, column in sorted(MADE_OF_CHECKED_TEXTS))

TEXT_GUARDS_SQL = rf"""
CREATE OR REPLACE FUNCTION public.is_safe_text(value text) RETURNS boolean AS $$
    SELECT value !~ '{_RAW}'
$$ LANGUAGE sql IMMUTABLE PARALLEL SAFE;

CREATE OR REPLACE FUNCTION public.is_safe_json(value text) RETURNS boolean AS $$
    SELECT value !~ '{_RAW}' AND (
        position('\u00' IN value) + position('\b' IN value) + position('\f' IN value) = 0
        OR value !~ '{_ESCAPED}'
    )
$$ LANGUAGE sql IMMUTABLE PARALLEL SAFE;

DO $guards$
DECLARE
    item record;
BEGIN
    FOR item IN
        SELECT c.oid::regclass AS name, a.attname AS attribute, t.typname = 'jsonb' AS is_json,
            left(a.attname, 36) || '_has_no_unsafe_characters' AS constraint_name
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
        AND a.attnum > 0 AND NOT a.attisdropped AND t.typname IN ('text', 'varchar', 'jsonb')
        AND (c.relname, a.attname) NOT IN ({_LEFT_OUT})
        AND NOT EXISTS (
            SELECT FROM pg_constraint k WHERE k.conrelid = c.oid
            AND k.conname = left(a.attname, 36) || '_has_no_unsafe_characters'
        )
    LOOP
        BEGIN
            IF item.is_json THEN
                EXECUTE format(
                    'UPDATE %1$s SET %2$I = regexp_replace(regexp_replace(%2$I::text, %3$L, '''', ''g''),'
                    ' %4$L, ''\1'', ''g'')::jsonb WHERE NOT public.is_safe_json(%2$I::text)',
                    item.name, item.attribute, '{_RAW}', '{_ESCAPED}'
                );
            ELSE
                EXECUTE format(
                    'UPDATE %1$s SET %2$I = regexp_replace(%2$I, %3$L, '''', ''g'')'
                    ' WHERE NOT public.is_safe_text(%2$I)',
                    item.name, item.attribute, '{_RAW}'
                );
            END IF;
        EXCEPTION WHEN OTHERS THEN
            RAISE WARNING 'Unsafe characters stay in %.% (%)', item.name, item.attribute, SQLERRM;
        END;
        EXECUTE format(
            'ALTER TABLE %s ADD CONSTRAINT %I CHECK (public.%s(%I%s)) NOT VALID',
            item.name, item.constraint_name,
            CASE WHEN item.is_json THEN 'is_safe_json' ELSE 'is_safe_text' END, item.attribute,
            CASE WHEN item.is_json THEN '::text' ELSE '' END
        );
    END LOOP;
END
$guards$;
"""
