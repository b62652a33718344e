"""PostgreSQL's own functions, as `pg_proc.provolatile` of the versions 12 to 18 has them; a test asks real servers."""

# At least one function of the name is volatile.
VOLATILE = frozenset(
    """
    amvalidate array_sample array_shuffle brin_desummarize_range brin_summarize_new_values brin_summarize_range
    clock_timestamp current_query currtid currtid2 currval cursor_to_xml cursor_to_xmlschema gen_random_uuid
    gin_clean_pending_list lastval lo_close lo_creat lo_create lo_export lo_from_bytea lo_get lo_import lo_lseek
    lo_lseek64 lo_open lo_put lo_tell lo_tell64 lo_truncate lo_truncate64 lo_unlink loread lowrite nextval
    pg_advisory_lock pg_advisory_lock_shared pg_advisory_unlock pg_advisory_unlock_all pg_advisory_unlock_shared
    pg_advisory_xact_lock pg_advisory_xact_lock_shared pg_available_wal_summaries pg_backup_start pg_backup_stop
    pg_blocking_pids pg_cancel_backend pg_clear_attribute_stats pg_clear_relation_stats pg_collation_actual_version
    pg_control_checkpoint pg_control_init pg_control_recovery pg_control_system pg_copy_logical_replication_slot
    pg_copy_physical_replication_slot pg_create_logical_replication_slot pg_create_physical_replication_slot
    pg_create_restore_point pg_current_logfile pg_current_wal_flush_lsn pg_current_wal_insert_lsn pg_current_wal_lsn
    pg_database_collation_actual_version pg_database_size pg_drop_replication_slot pg_export_snapshot
    pg_extension_config_dump pg_get_aios pg_get_backend_memory_contexts pg_get_loaded_modules
    pg_get_multixact_members pg_get_sequence_data pg_get_shmem_allocations pg_get_shmem_allocations_numa
    pg_get_wait_events pg_get_wal_replay_pause_state pg_get_wal_resource_managers pg_get_wal_summarizer_state
    pg_hba_file_rules pg_ident_file_mappings pg_import_system_collations pg_indexes_size pg_is_in_backup
    pg_is_in_recovery pg_is_wal_replay_paused pg_isolation_test_session_is_blocked pg_jit_available
    pg_last_committed_xact pg_last_wal_receive_lsn pg_last_wal_replay_lsn pg_last_xact_replay_timestamp
    pg_lock_status pg_log_backend_memory_contexts pg_log_standby_snapshot pg_logical_emit_message
    pg_logical_slot_get_binary_changes pg_logical_slot_get_changes pg_logical_slot_peek_binary_changes
    pg_logical_slot_peek_changes pg_ls_archive_statusdir pg_ls_dir pg_ls_logdir pg_ls_logicalmapdir
    pg_ls_logicalsnapdir pg_ls_replslotdir pg_ls_summariesdir pg_ls_tmpdir pg_ls_waldir pg_nextoid
    pg_notification_queue_usage pg_notify pg_partition_ancestors pg_partition_tree pg_prepared_xact pg_promote
    pg_read_binary_file pg_read_file pg_read_file_old pg_relation_size pg_reload_conf pg_replication_origin_advance
    pg_replication_origin_create pg_replication_origin_drop pg_replication_origin_progress
    pg_replication_origin_session_is_setup pg_replication_origin_session_progress
    pg_replication_origin_session_reset pg_replication_origin_session_setup pg_replication_origin_xact_reset
    pg_replication_origin_xact_setup pg_replication_slot_advance pg_restore_attribute_stats
    pg_restore_relation_stats pg_rotate_logfile pg_rotate_logfile_old pg_safe_snapshot_blocking_pids
    pg_sequence_last_value pg_show_all_file_settings pg_show_replication_origin_status pg_sleep pg_sleep_for
    pg_sleep_until pg_start_backup pg_stat_clear_snapshot pg_stat_file pg_stat_force_next_flush pg_stat_have_stats
    pg_stat_reset pg_stat_reset_backend_stats pg_stat_reset_replication_slot pg_stat_reset_shared
    pg_stat_reset_single_function_counters pg_stat_reset_single_table_counters pg_stat_reset_slru
    pg_stat_reset_subscription_stats pg_stop_backup pg_stop_making_pinned_objects pg_switch_wal
    pg_sync_replication_slots pg_table_size pg_tablespace_size pg_terminate_backend pg_total_relation_size
    pg_try_advisory_lock pg_try_advisory_lock_shared pg_try_advisory_xact_lock pg_try_advisory_xact_lock_shared
    pg_wal_replay_pause pg_wal_replay_resume pg_wal_summary_contents pg_xact_commit_timestamp
    pg_xact_commit_timestamp_origin pg_xact_status plpgsql_validator query_to_xml query_to_xml_and_xmlschema
    query_to_xmlschema random random_normal set_config setseed setval timeofday ts_rewrite ts_stat
    txid_status uuidv4 uuidv7
    """.split()  # noqa: SIM905 - one long list would be a thousand lines
)

# None of the name is volatile, and none immutable.
STABLE = frozenset(
    """
    aclexplode anytextcat array_to_json array_to_string col_description concat concat_ws convert convert_from
    convert_to current_database current_schema current_schemas current_setting current_user database_to_xml
    database_to_xml_and_xmlschema database_to_xmlschema date_cmp_timestamptz date_eq_timestamptz date_ge_timestamptz
    date_gt_timestamptz date_le_timestamptz date_lt_timestamptz date_ne_timestamptz enum_first enum_in enum_last
    enum_out enum_range enum_send fmgr_c_validator fmgr_internal_validator fmgr_sql_validator format format_type
    get_current_ts_config getdatabaseencoding getpgusername has_any_column_privilege has_column_privilege
    has_database_privilege has_foreign_data_wrapper_privilege has_function_privilege has_language_privilege
    has_largeobject_privilege has_parameter_privilege has_schema_privilege has_sequence_privilege
    has_server_privilege has_table_privilege has_tablespace_privilege has_type_privilege inet_client_addr
    inet_client_port inet_server_addr inet_server_port interval_pl_timestamptz json_agg json_agg_strict
    json_build_array json_build_object json_object_agg json_object_agg_strict json_object_agg_unique
    json_object_agg_unique_strict json_populate_record json_populate_recordset json_to_record json_to_recordset
    jsonb_agg jsonb_agg_strict jsonb_build_array jsonb_build_object jsonb_path_exists_tz jsonb_path_match_tz
    jsonb_path_query_array_tz jsonb_path_query_first_tz jsonb_path_query_tz jsonb_populate_record
    jsonb_populate_record_valid jsonb_populate_recordset jsonb_to_record jsonb_to_recordset make_timestamptz money
    mxid_age now obj_description oidvectortypes pg_available_extension_versions pg_available_extensions
    pg_backend_pid pg_backup_start_time pg_basetype pg_char_to_encoding pg_client_encoding pg_collation_for
    pg_collation_is_visible pg_column_compression pg_column_is_updatable pg_column_size pg_column_toast_chunk_id
    pg_conf_load_time pg_config pg_conversion_is_visible pg_current_snapshot pg_current_xact_id
    pg_current_xact_id_if_assigned pg_cursor pg_describe_object pg_encoding_to_char pg_event_trigger_ddl_commands
    pg_event_trigger_dropped_objects pg_event_trigger_table_rewrite_oid pg_event_trigger_table_rewrite_reason
    pg_extension_update_paths pg_filenode_relation pg_function_is_visible pg_get_acl pg_get_catalog_foreign_keys
    pg_get_constraintdef pg_get_expr pg_get_function_arg_default pg_get_function_arguments
    pg_get_function_identity_arguments pg_get_function_result pg_get_function_sqlbody pg_get_functiondef
    pg_get_indexdef pg_get_keywords pg_get_object_address pg_get_partition_constraintdef pg_get_partkeydef
    pg_get_publication_tables pg_get_replica_identity_index pg_get_replication_slots pg_get_ruledef
    pg_get_serial_sequence pg_get_statisticsobjdef pg_get_statisticsobjdef_columns
    pg_get_statisticsobjdef_expressions pg_get_triggerdef pg_get_userbyid pg_get_viewdef pg_has_role
    pg_identify_object pg_identify_object_as_address pg_index_column_has_property pg_index_has_property
    pg_indexam_has_property pg_input_error_info pg_input_is_valid pg_is_other_temp_schema pg_listening_channels
    pg_mcv_list_items pg_my_temp_schema pg_numa_available pg_opclass_is_visible pg_operator_is_visible
    pg_opfamily_is_visible pg_options_to_table pg_postmaster_start_time pg_prepared_statement pg_relation_filenode
    pg_relation_filepath pg_relation_is_publishable pg_relation_is_updatable pg_replication_origin_oid
    pg_sequence_parameters pg_settings_get_flags pg_show_all_settings pg_split_walfile_name
    pg_statistics_obj_is_visible pg_table_is_visible pg_tablespace_databases pg_tablespace_location
    pg_timezone_abbrevs pg_timezone_abbrevs_abbrevs pg_timezone_abbrevs_zone pg_timezone_names pg_trigger_depth
    pg_ts_config_is_visible pg_ts_dict_is_visible pg_ts_parser_is_visible pg_ts_template_is_visible
    pg_type_is_visible pg_typeof regclass row_security_active row_to_json schema_to_xml schema_to_xml_and_xmlschema
    schema_to_xmlschema session_user shobj_description statement_timestamp system_user table_to_xml
    table_to_xml_and_xmlschema table_to_xmlschema textanycat timestamp_cmp_timestamptz timestamp_eq_timestamptz
    timestamp_ge_timestamptz timestamp_gt_timestamptz timestamp_le_timestamptz timestamp_lt_timestamptz
    timestamp_ne_timestamptz timestamptz_cmp_date timestamptz_cmp_timestamp timestamptz_eq_date
    timestamptz_eq_timestamp timestamptz_ge_date timestamptz_ge_timestamp timestamptz_gt_date
    timestamptz_gt_timestamp timestamptz_le_date timestamptz_le_timestamp timestamptz_lt_date
    timestamptz_lt_timestamp timestamptz_mi_interval timestamptz_ne_date timestamptz_ne_timestamp
    timestamptz_pl_interval to_char to_date to_json to_jsonb to_number to_regclass to_regcollation to_regnamespace
    to_regoper to_regoperator to_regproc to_regprocedure to_regrole to_regtype to_regtypemod transaction_timestamp
    ts_debug ts_match_tq ts_match_tt txid_current txid_current_if_assigned txid_current_snapshot version xml
    xml_is_well_formed
    """.split()  # noqa: SIM905 - one long list would be a thousand lines
)

# Some of the name are immutable, none volatile. (On 12 and 13 that of AT TIME ZONE for a timetz was.)
IMMUTABLE = frozenset(
    """
    abbrev abs aclcontains acldefault aclinsert aclremove acos acosd acosh age any_value any_value_transfn area
    array_agg array_append array_cat array_dims array_fill array_larger array_length array_lower array_ndims
    array_position array_positions array_prepend array_remove array_replace array_reverse array_smaller array_sort
    array_to_tsvector array_upper arraycontained arraycontains arrayoverlap ascii asin asind asinh atan atan2 atan2d
    atand atanh avg bit bit_and bit_count bit_length bit_or bit_xor bitand bitcat bitcmp bitnot bitor bitshiftleft
    bitshiftright bitxor bool bool_and bool_or booland_statefunc boolor_statefunc bound_box box box_above box_add
    box_below box_center box_contain box_contain_pt box_contained box_distance box_div box_intersect box_left
    box_mul box_overabove box_overbelow box_overlap box_overleft box_overright box_right box_same box_sub bpchar
    bpchar_larger bpchar_smaller bpcharcmp bpchariclike bpcharicnlike bpcharlike bpcharnlike broadcast btarraycmp
    btboolcmp btbpchar_pattern_cmp btcharcmp btequalimage btfloat48cmp btfloat4cmp btfloat84cmp btfloat8cmp
    btint24cmp btint28cmp btint2cmp btint42cmp btint48cmp btint4cmp btint82cmp btint84cmp btint8cmp btnamecmp
    btnametextcmp btoidcmp btoidvectorcmp btrecordcmp btrecordimagecmp btrim bttext_pattern_cmp bttextcmp
    bttextnamecmp bttidcmp btvarstrequalimage bytea bytea_larger bytea_smaller byteacat byteacmp bytealike
    byteanlike cardinality casefold cash_cmp cash_div_cash cash_div_flt4 cash_div_flt8 cash_div_int2 cash_div_int4
    cash_div_int8 cash_mi cash_mul_flt4 cash_mul_flt8 cash_mul_int2 cash_mul_int4 cash_mul_int8 cash_pl cash_words
    cashlarger cashsmaller cbrt ceil ceiling center char char_length character_length chr cidr circle circle_above
    circle_add_pt circle_below circle_center circle_contain circle_contain_pt circle_contained circle_distance
    circle_div_pt circle_left circle_mul_pt circle_overabove circle_overbelow circle_overlap circle_overleft
    circle_overright circle_right circle_same circle_sub_pt close_lb close_ls close_lseg close_pb close_pl close_ps
    close_sb close_sl corr cos cosd cosh cot cotd count covar_pop covar_samp crc32 crc32c cume_dist date date_add
    date_bin date_cmp date_cmp_timestamp date_eq_timestamp date_ge_timestamp date_gt_timestamp date_larger
    date_le_timestamp date_lt_timestamp date_mi date_mi_interval date_mii date_ne_timestamp date_part
    date_pl_interval date_pli date_smaller date_subtract date_trunc datemultirange daterange daterange_canonical
    daterange_subdiff datetime_pl datetimetz_pl dcbrt decode degrees dense_rank dexp diagonal diameter dist_bl
    dist_bp dist_bs dist_cpoint dist_cpoly dist_lb dist_lp dist_ls dist_pathp dist_pb dist_pc dist_pl dist_polyc
    dist_polyp dist_ppath dist_ppoly dist_ps dist_sb dist_sl dist_sp div dlog1 dlog10 dpow dround dsqrt dtrunc
    encode enum_cmp enum_larger enum_smaller erf erfc every exp extract factorial family first_value float4
    float48div float48mi float48mul float48pl float4_accum float4abs float4div float4larger float4mi float4mul
    float4pl float4smaller float4um float4up float8 float84div float84mi float84mul float84pl float8_accum
    float8_avg float8_combine float8_corr float8_covar_pop float8_covar_samp float8_regr_accum float8_regr_avgx
    float8_regr_avgy float8_regr_combine float8_regr_intercept float8_regr_r2 float8_regr_slope float8_regr_sxx
    float8_regr_sxy float8_regr_syy float8_stddev_pop float8_stddev_samp float8_var_pop float8_var_samp float8abs
    float8div float8larger float8mi float8mul float8pl float8smaller float8um float8up floor flt4_mul_cash
    flt8_mul_cash gamma gcd generate_series generate_subscripts get_bit get_byte gin_cmp_tslexeme gin_compare_jsonb
    gist_translate_cmptype_common hash_aclitem hash_aclitem_extended hash_array hash_array_extended hash_multirange
    hash_multirange_extended hash_numeric hash_numeric_extended hash_range hash_range_extended hash_record
    hash_record_extended hashbool hashboolextended hashbpchar hashbpcharextended hashbytea hashbyteaextended
    hashchar hashcharextended hashcid hashcidextended hashdate hashdateextended hashenum hashenumextended hashfloat4
    hashfloat4extended hashfloat8 hashfloat8extended hashinet hashinetextended hashint2 hashint2extended hashint4
    hashint4extended hashint8 hashint8extended hashmacaddr hashmacaddr8 hashmacaddr8extended hashmacaddrextended
    hashname hashnameextended hashoid hashoidextended hashoidvector hashoidvectorextended hashtext hashtextextended
    hashtid hashtidextended hashxid hashxid8 hashxid8extended hashxidextended height host hostmask
    icu_unicode_version in_range inet_merge inet_same_family inetand inetmi inetmi_int8 inetnot inetor inetpl
    initcap int2 int24div int24mi int24mul int24pl int28div int28mi int28mul int28pl int2_avg_accum
    int2_avg_accum_inv int2_mul_cash int2_sum int2abs int2and int2div int2int4_sum int2larger int2mi int2mod int2mul
    int2not int2or int2pl int2shl int2shr int2smaller int2um int2up int2xor int4 int42div int42mi int42mul int42pl
    int48div int48mi int48mul int48pl int4_avg_accum int4_avg_accum_inv int4_avg_combine int4_mul_cash int4_sum
    int4abs int4and int4div int4inc int4larger int4mi int4mod int4mul int4multirange int4not int4or int4pl int4range
    int4range_canonical int4range_subdiff int4shl int4shr int4smaller int4um int4up int4xor int8 int82div int82mi
    int82mul int82pl int84div int84mi int84mul int84pl int8_avg int8_mul_cash int8_sum int8abs int8and int8dec
    int8dec_any int8div int8inc int8inc_any int8inc_float8_float8 int8larger int8mi int8mod int8mul int8multirange
    int8not int8or int8pl int8pl_inet int8range int8range_canonical int8range_subdiff int8shl int8shr int8smaller
    int8um int8up int8xor integer_pl_date inter_lb inter_sb inter_sl interval interval_accum interval_accum_inv
    interval_avg interval_cmp interval_combine interval_div interval_hash interval_hash_extended interval_larger
    interval_mi interval_mul interval_pl interval_pl_date interval_pl_time interval_pl_timestamp interval_pl_timetz
    interval_smaller interval_um is_normalized isclosed isempty isfinite ishorizontal isopen isparallel isperp
    isvertical json_array_element json_array_element_text json_array_elements json_array_elements_text
    json_array_length json_each json_each_text json_extract_path json_extract_path_text json_object
    json_object_field json_object_field_text json_object_keys json_strip_nulls json_to_tsvector json_typeof
    jsonb_array_element jsonb_array_element_text jsonb_array_elements jsonb_array_elements_text jsonb_array_length
    jsonb_cmp jsonb_concat jsonb_contained jsonb_contains jsonb_delete jsonb_delete_path jsonb_each jsonb_each_text
    jsonb_exists jsonb_exists_all jsonb_exists_any jsonb_extract_path jsonb_extract_path_text jsonb_hash
    jsonb_hash_extended jsonb_insert jsonb_object jsonb_object_agg jsonb_object_agg_strict jsonb_object_agg_unique
    jsonb_object_agg_unique_strict jsonb_object_field jsonb_object_field_text jsonb_object_keys jsonb_path_exists
    jsonb_path_exists_opr jsonb_path_match jsonb_path_match_opr jsonb_path_query jsonb_path_query_array
    jsonb_path_query_first jsonb_pretty jsonb_set jsonb_set_lax jsonb_strip_nulls jsonb_to_tsvector jsonb_typeof
    justify_days justify_hours justify_interval lag last_value lcm lead left length lgamma like like_escape line
    line_distance line_horizontal line_interpt line_intersect line_parallel line_perp line_vertical ln log log10
    lower lower_inc lower_inf lpad lseg lseg_center lseg_distance lseg_horizontal lseg_interpt lseg_intersect
    lseg_length lseg_parallel lseg_perp lseg_vertical ltrim macaddr macaddr8 macaddr8_and macaddr8_cmp macaddr8_not
    macaddr8_or macaddr8_set7bit macaddr_and macaddr_cmp macaddr_not macaddr_or make_date make_interval make_time
    make_timestamp makeaclitem masklen max md5 min min_scale mod mode mul_d_interval multirange multirange_cmp
    multirange_contains_elem multirange_intersect multirange_intersect_agg_transfn multirange_minus multirange_union
    name nameconcatoid nameeqtext namegetext namegttext nameiclike nameicnlike nameletext namelike namelttext
    namenetext namenlike netmask network network_cmp network_larger network_overlap network_smaller network_sub
    network_sup normalize notlike npoints nth_value ntile num_nonnulls num_nulls numeric numeric_abs numeric_add
    numeric_cmp numeric_div numeric_div_trunc numeric_exp numeric_fac numeric_inc numeric_larger numeric_ln
    numeric_log numeric_mod numeric_mul numeric_pl_pg_lsn numeric_power numeric_smaller numeric_sqrt numeric_sub
    numeric_uminus numeric_uplus nummultirange numnode numrange numrange_subdiff octet_length oid oidlarger
    oidsmaller on_pb on_pl on_ppath on_ps on_sb on_sl overlaps overlay parse_ident path path_add path_add_pt
    path_center path_contain_pt path_distance path_div_pt path_inter path_length path_mul_pt path_npoints
    path_sub_pt pclose percent_rank percentile_cont percentile_disc pg_encoding_max_length
    pg_indexam_progress_phasename pg_lsn pg_lsn_cmp pg_lsn_hash pg_lsn_hash_extended pg_lsn_larger pg_lsn_mi
    pg_lsn_mii pg_lsn_pli pg_lsn_smaller pg_partition_root pg_size_bytes pg_size_pretty pg_snapshot_xip
    pg_snapshot_xmax pg_snapshot_xmin pg_visible_in_snapshot pg_wal_lsn_diff pg_walfile_name pg_walfile_name_offset
    phraseto_tsquery pi plainto_tsquery point point_above point_add point_below point_distance point_div point_horiz
    point_left point_mul point_right point_sub point_vert poly_above poly_below poly_center poly_contain
    poly_contain_pt poly_contained poly_distance poly_left poly_npoints poly_overabove poly_overbelow poly_overlap
    poly_overleft poly_overright poly_right poly_same polygon popen position postgresql_fdw_validator pow power
    pt_contained_poly querytree quote_ident quote_literal quote_nullable radians radius range_adjacent range_after
    range_agg range_before range_cmp range_contained_by range_contains range_contains_elem range_intersect
    range_intersect_agg range_intersect_agg_transfn range_merge range_minus range_overlaps range_overleft
    range_overright range_union rank record_larger record_smaller regexp_count regexp_instr regexp_like regexp_match
    regexp_matches regexp_replace regexp_split_to_array regexp_split_to_table regexp_substr regr_avgx regr_avgy
    regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy repeat replace reverse right round
    row_number rpad rtrim satisfies_hash_partition scale set_bit set_byte set_masklen setweight sha224 sha256 sha384
    sha512 shell_in shell_out sign similar_escape similar_to_escape sin sind sinh slope spg_poly_quad_compress
    split_part sqrt starts_with stddev stddev_pop stddev_samp string_agg string_to_array string_to_table strip
    strpos substr substring sum tan tand tanh text text_larger text_smaller textcat texteqname textgename textgtname
    texticlike texticnlike textlen textlename textlike textltname textnename textnlike tidlarger tidsmaller time
    time_cmp time_hash time_hash_extended time_larger time_mi_interval time_mi_time time_pl_interval time_smaller
    timedate_pl timestamp timestamp_cmp timestamp_cmp_date timestamp_eq_date timestamp_ge_date timestamp_gt_date
    timestamp_hash timestamp_hash_extended timestamp_larger timestamp_le_date timestamp_lt_date timestamp_mi
    timestamp_mi_interval timestamp_ne_date timestamp_pl_interval timestamp_smaller timestamptz timestamptz_cmp
    timestamptz_hash timestamptz_hash_extended timestamptz_larger timestamptz_mi timestamptz_smaller timetz timezone
    timetz_cmp timetz_hash timetz_hash_extended timetz_larger timetz_mi_interval timetz_pl_interval timetz_smaller
    timetzdate_pl to_ascii to_bin to_hex to_oct to_timestamp to_tsquery to_tsvector translate trim_array trim_scale
    trunc ts_delete ts_filter ts_headline ts_lexize ts_match_qv ts_match_vq ts_parse ts_rank ts_rank_cd
    ts_token_type tsmultirange tsq_mcontained tsq_mcontains tsquery_and tsquery_cmp tsquery_not tsquery_or
    tsquery_phrase tsrange tsrange_subdiff tstzmultirange tstzrange tstzrange_subdiff tsvector_cmp tsvector_concat
    tsvector_to_array txid_snapshot_xip txid_snapshot_xmax txid_snapshot_xmin txid_visible_in_snapshot
    unicode_assigned unicode_version unistr unnest upper upper_inc upper_inf uuid_cmp uuid_extract_timestamp
    uuid_extract_version uuid_hash uuid_hash_extended var_pop var_samp varbit varbitcmp varchar variance
    websearch_to_tsquery width width_bucket xid xid8_larger xid8_smaller xid8cmp xideqint4 xidneqint4
    xml_is_well_formed_content xml_is_well_formed_document xmlagg xmlcomment xmlconcat2 xmlexists xmltext
    xmlvalidate xpath xpath_exists
    """.split()  # noqa: SIM905 - one long list would be a thousand lines
)
