-- The store, first version. The same statements run on SQLite and on PostgreSQL.
-- Times are Unix seconds UTC (BIGINT; DOUBLE PRECISION where fractions matter). Ids are given out by `counter`, from 0, never reused.
-- JSON is kept as TEXT. `changed` takes the next value of the counter `change` with every write that a face must notice.

CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE counter (
    name TEXT PRIMARY KEY,
    value BIGINT NOT NULL
);

-- Who may act. `holder` is machine:boot:pid:start of the process, `token` fences every write of an older holder.
CREATE TABLE lease (
    name TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    token BIGINT NOT NULL,
    renewals BIGINT NOT NULL,
    expires DOUBLE PRECISION NOT NULL,
    since DOUBLE PRECISION NOT NULL,
    permanent INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE user_group (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);

CREATE TABLE user_account (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    group_id INTEGER NOT NULL REFERENCES user_group (id),
    administrator INTEGER NOT NULL DEFAULT 0,
    attributes TEXT NOT NULL DEFAULT '{}'
);

CREATE TABLE membership (
    user_id INTEGER NOT NULL REFERENCES user_account (id),
    group_id INTEGER NOT NULL REFERENCES user_group (id),
    PRIMARY KEY (user_id, group_id)
);

-- What administrators grant beyond the permission bits, each part as it is written: `who` is *, #user or @group, `kinds`
-- VM+NET, `objects` *, #id, @group or %cluster, `rights` USE+MANAGE.
CREATE TABLE access_rule (
    id INTEGER PRIMARY KEY,
    who TEXT NOT NULL,
    kinds TEXT NOT NULL,
    objects TEXT NOT NULL,
    rights TEXT NOT NULL
);
CREATE UNIQUE INDEX access_rule_once ON access_rule (who, kinds, objects, rights);

CREATE TABLE zone (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);

CREATE TABLE cluster (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    zone_id INTEGER NOT NULL DEFAULT 0 REFERENCES zone (id),
    attributes TEXT NOT NULL DEFAULT '{}'
);

CREATE TABLE host (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    uri TEXT NOT NULL UNIQUE,
    cluster_id INTEGER NOT NULL REFERENCES cluster (id),
    state INTEGER NOT NULL,
    uuid TEXT NOT NULL DEFAULT '',
    hostname TEXT NOT NULL DEFAULT '',
    hypervisor TEXT NOT NULL DEFAULT '',
    info TEXT NOT NULL DEFAULT '{}',
    cpus INTEGER NOT NULL DEFAULT 0,
    memory_kib BIGINT NOT NULL DEFAULT 0,
    reserved_cpu INTEGER NOT NULL DEFAULT 0,
    reserved_memory_kib BIGINT NOT NULL DEFAULT 0,
    cpu_percent DOUBLE PRECISION,
    memory_used_kib BIGINT,
    connect_timeout DOUBLE PRECISION NOT NULL,
    unverified INTEGER NOT NULL DEFAULT 0,
    last_seen BIGINT,
    down_since BIGINT,
    confirmed_off INTEGER NOT NULL DEFAULT 0,
    message TEXT NOT NULL DEFAULT '',
    attributes TEXT NOT NULL DEFAULT '{}',
    changed BIGINT NOT NULL DEFAULT 0
);

-- `snapshots`: how the disks in it keep them, see lifecycle/trees.py.
-- `pool` is the libvirt pool on every host of the datastore; `directory` is appended to the host's own storage root.
CREATE TABLE datastore (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL CHECK (type IN ('system', 'image', 'file', 'backup')),
    pool TEXT NOT NULL,
    directory TEXT NOT NULL,
    shared INTEGER NOT NULL DEFAULT 0,
    snapshots TEXT NOT NULL DEFAULT 'tree' CHECK (snapshots IN ('tree', 'flat', 'none')),
    user_id INTEGER NOT NULL REFERENCES user_account (id),
    group_id INTEGER NOT NULL REFERENCES user_group (id),
    mode INTEGER NOT NULL,
    attributes TEXT NOT NULL DEFAULT '{}'
);

CREATE TABLE image (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    user_id INTEGER NOT NULL REFERENCES user_account (id),
    group_id INTEGER NOT NULL REFERENCES user_group (id),
    mode INTEGER NOT NULL,
    datastore_id INTEGER NOT NULL REFERENCES datastore (id),
    type TEXT NOT NULL CHECK (type IN ('OS', 'CDROM', 'DATABLOCK', 'KERNEL', 'RAMDISK', 'CONTEXT', 'BACKUP')),
    persistent INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL CHECK (state IN ('init', 'rdy', 'used', 'disa', 'lock', 'err', 'clon', 'dele')),
    format TEXT NOT NULL DEFAULT 'raw',
    size_bytes BIGINT NOT NULL DEFAULT 0,
    source TEXT NOT NULL DEFAULT '',
    registered BIGINT NOT NULL,
    message TEXT NOT NULL DEFAULT '',
    attributes TEXT NOT NULL DEFAULT '{}',
    lock_level INTEGER NOT NULL DEFAULT 0,
    lock_user_id INTEGER,
    lock_time BIGINT,
    changed BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX image_name ON image (user_id, name);

-- Where an image's content lies; a persistent image has one row at the most.
CREATE TABLE image_copy (
    image_id INTEGER NOT NULL REFERENCES image (id),
    host_id INTEGER NOT NULL REFERENCES host (id),
    volume TEXT NOT NULL,
    path TEXT NOT NULL,
    PRIMARY KEY (image_id, host_id)
);

CREATE TABLE network (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    user_id INTEGER NOT NULL REFERENCES user_account (id),
    group_id INTEGER NOT NULL REFERENCES user_group (id),
    mode INTEGER NOT NULL,
    source_kind TEXT NOT NULL CHECK (source_kind IN ('network', 'bridge', 'user')),
    source TEXT NOT NULL,
    vlan TEXT NOT NULL DEFAULT '',
    attributes TEXT NOT NULL DEFAULT '{}',
    lock_level INTEGER NOT NULL DEFAULT 0,
    lock_user_id INTEGER,
    lock_time BIGINT,
    changed BIGINT NOT NULL DEFAULT 0
);

-- Addresses that a network gives out: `size` of them from `ip` on. Without a first MAC each is made of its IP.
CREATE TABLE address_range (
    network_id INTEGER NOT NULL REFERENCES network (id),
    range_id INTEGER NOT NULL,
    ip TEXT NOT NULL,
    size BIGINT NOT NULL,
    mac TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (network_id, range_id)
);

-- Addresses given out. One that is held back from all VMs has -1 for the VM and the NIC.
CREATE TABLE network_lease (
    network_id INTEGER NOT NULL REFERENCES network (id),
    mac TEXT NOT NULL,
    ip TEXT NOT NULL DEFAULT '',
    vm_id INTEGER NOT NULL,
    nic_id INTEGER NOT NULL,
    PRIMARY KEY (network_id, mac)
);
CREATE UNIQUE INDEX network_lease_ip ON network_lease (network_id, ip) WHERE ip <> '';

-- Datastores and networks may serve the hosts of several clusters.
CREATE TABLE cluster_datastore (
    cluster_id INTEGER NOT NULL REFERENCES cluster (id),
    datastore_id INTEGER NOT NULL REFERENCES datastore (id),
    PRIMARY KEY (cluster_id, datastore_id)
);

-- How much of a datastore is left on a host, as its pool says; one that is shared says the same everywhere.
CREATE TABLE datastore_space (
    datastore_id INTEGER NOT NULL REFERENCES datastore (id),
    host_id INTEGER NOT NULL REFERENCES host (id),
    total_bytes BIGINT NOT NULL,
    free_bytes BIGINT NOT NULL,
    PRIMARY KEY (datastore_id, host_id)
);

CREATE TABLE cluster_network (
    cluster_id INTEGER NOT NULL REFERENCES cluster (id),
    network_id INTEGER NOT NULL REFERENCES network (id),
    PRIMARY KEY (cluster_id, network_id)
);

CREATE TABLE template (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    user_id INTEGER NOT NULL REFERENCES user_account (id),
    group_id INTEGER NOT NULL REFERENCES user_group (id),
    mode INTEGER NOT NULL,
    registered BIGINT NOT NULL,
    body TEXT NOT NULL,
    lock_level INTEGER NOT NULL DEFAULT 0,
    lock_user_id INTEGER,
    lock_time BIGINT,
    changed BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX template_name ON template (user_id, name);

-- `target_host_id` is where a migration under way goes; both hosts are charged until it ends. `target_datastore_id` is the
-- system datastore its files are on their way to.
-- Host and datastore of a disk, and those of a VM's checkpoint, say where the volume and the saved memory lie now.
-- state, lcm_state: what the life-cycle says. observed*: what the hypervisor said last; only the monitor writes these.
CREATE TABLE vm (
    id INTEGER PRIMARY KEY,
    uuid TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    user_id INTEGER NOT NULL REFERENCES user_account (id),
    group_id INTEGER NOT NULL REFERENCES user_group (id),
    mode INTEGER NOT NULL,
    state INTEGER NOT NULL,
    lcm_state INTEGER NOT NULL,
    prev_state INTEGER NOT NULL,
    prev_lcm_state INTEGER NOT NULL,
    state_since DOUBLE PRECISION NOT NULL,
    version BIGINT NOT NULL DEFAULT 0,
    busy TEXT,
    resched INTEGER NOT NULL DEFAULT 0,
    host_id INTEGER REFERENCES host (id),
    target_host_id INTEGER REFERENCES host (id),
    datastore_id INTEGER NOT NULL DEFAULT 0 REFERENCES datastore (id),
    target_datastore_id INTEGER REFERENCES datastore (id),
    deploy_id TEXT NOT NULL DEFAULT '',
    start_time BIGINT NOT NULL,
    end_time BIGINT,
    cpu DOUBLE PRECISION NOT NULL,
    vcpu INTEGER NOT NULL,
    memory_mib BIGINT NOT NULL,
    template TEXT NOT NULL DEFAULT '{}',
    user_template TEXT NOT NULL DEFAULT '{}',
    template_id INTEGER,
    variant TEXT NOT NULL DEFAULT '',
    lock_level INTEGER NOT NULL DEFAULT 0,
    lock_user_id INTEGER,
    lock_time BIGINT,
    protected INTEGER NOT NULL DEFAULT 0,
    imported INTEGER NOT NULL DEFAULT 0,
    paused INTEGER NOT NULL DEFAULT 0,
    message TEXT NOT NULL DEFAULT '',
    checkpoint_host_id INTEGER REFERENCES host (id),
    checkpoint_datastore_id INTEGER REFERENCES datastore (id),
    observed INTEGER,
    observed_reason INTEGER,
    observed_at DOUBLE PRECISION,
    missing INTEGER NOT NULL DEFAULT 0,
    cpu_percent DOUBLE PRECISION NOT NULL DEFAULT 0,
    memory_used_kib BIGINT NOT NULL DEFAULT 0,
    net_rx_bytes BIGINT NOT NULL DEFAULT 0,
    net_tx_bytes BIGINT NOT NULL DEFAULT 0,
    disk_read_bytes BIGINT NOT NULL DEFAULT 0,
    disk_write_bytes BIGINT NOT NULL DEFAULT 0,
    monitored BIGINT,
    changed BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX vm_changed ON vm (changed);
CREATE INDEX vm_state ON vm (state);
CREATE INDEX vm_host ON vm (host_id);

CREATE TABLE disk (
    vm_id INTEGER NOT NULL REFERENCES vm (id),
    disk_id INTEGER NOT NULL,
    image_id INTEGER REFERENCES image (id),
    datastore_id INTEGER REFERENCES datastore (id),
    host_id INTEGER REFERENCES host (id),
    type TEXT NOT NULL CHECK (type IN ('file', 'cdrom', 'swap', 'fs', 'context', 'foreign')),
    target TEXT NOT NULL,
    bus TEXT NOT NULL DEFAULT 'virtio',
    format TEXT NOT NULL DEFAULT 'qcow2',
    size_bytes BIGINT NOT NULL DEFAULT 0,
    persistent INTEGER NOT NULL DEFAULT 0,
    readonly INTEGER NOT NULL DEFAULT 0,
    volume TEXT NOT NULL DEFAULT '',
    path TEXT NOT NULL DEFAULT '',
    attributes TEXT NOT NULL DEFAULT '{}',
    PRIMARY KEY (vm_id, disk_id)
);
CREATE INDEX disk_image ON disk (image_id);

CREATE TABLE nic (
    vm_id INTEGER NOT NULL REFERENCES vm (id),
    nic_id INTEGER NOT NULL,
    network_id INTEGER REFERENCES network (id),
    source_kind TEXT NOT NULL,
    source TEXT NOT NULL,
    mac TEXT NOT NULL,
    ip TEXT NOT NULL DEFAULT '',
    model TEXT NOT NULL DEFAULT 'virtio',
    attributes TEXT NOT NULL DEFAULT '{}',
    PRIMARY KEY (vm_id, nic_id)
);
CREATE INDEX nic_mac ON nic (mac);

CREATE TABLE history (
    vm_id INTEGER NOT NULL REFERENCES vm (id),
    seq INTEGER NOT NULL,
    host_id INTEGER,
    host_name TEXT NOT NULL,
    cluster_id INTEGER,
    datastore_id INTEGER,
    action TEXT NOT NULL DEFAULT 'none',
    user_id INTEGER,
    group_id INTEGER,
    operation_id TEXT,
    start_time BIGINT NOT NULL,
    end_time BIGINT,
    prolog_start BIGINT,
    prolog_end BIGINT,
    running_start BIGINT,
    running_end BIGINT,
    epilog_start BIGINT,
    epilog_end BIGINT,
    PRIMARY KEY (vm_id, seq)
);

-- copied: its volume is a whole copy, on which nothing lies. frozen: the guest's file systems were at rest. stat, configuration: the VM's short state and what it was made of then.
CREATE TABLE disk_snapshot (
    vm_id INTEGER NOT NULL REFERENCES vm (id),
    disk_id INTEGER NOT NULL,
    snapshot_id INTEGER NOT NULL,
    parent_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    active INTEGER NOT NULL,
    created BIGINT NOT NULL,
    size_bytes BIGINT NOT NULL,
    volume TEXT NOT NULL,
    copied INTEGER NOT NULL DEFAULT 0,
    frozen INTEGER NOT NULL DEFAULT 0,
    stat TEXT NOT NULL DEFAULT '',
    configuration TEXT NOT NULL DEFAULT '{}',
    schedule_id INTEGER,
    PRIMARY KEY (vm_id, disk_id, snapshot_id)
);

-- The tree of a persistent image that no VM uses; while one does, it is the disk's.
CREATE TABLE image_snapshot (
    image_id INTEGER NOT NULL REFERENCES image (id),
    snapshot_id INTEGER NOT NULL,
    parent_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    active INTEGER NOT NULL,
    created BIGINT NOT NULL,
    size_bytes BIGINT NOT NULL,
    volume TEXT NOT NULL,
    copied INTEGER NOT NULL DEFAULT 0,
    frozen INTEGER NOT NULL DEFAULT 0,
    stat TEXT NOT NULL DEFAULT '',
    configuration TEXT NOT NULL DEFAULT '{}',
    PRIMARY KEY (image_id, snapshot_id)
);

CREATE TABLE system_snapshot (
    vm_id INTEGER NOT NULL REFERENCES vm (id),
    snapshot_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    created BIGINT NOT NULL,
    hypervisor_id TEXT NOT NULL,
    configuration TEXT NOT NULL DEFAULT '{}',
    schedule_id INTEGER,
    PRIMARY KEY (vm_id, snapshot_id)
);

-- What a VM's disks were at one moment. An increment lies on its parent. `checkpoint` is the mark in the disks since which
-- the next increment can be taken; once there is none any more, `closed` says why.
-- host_id: where the files are; a shared datastore is read from any host. template: what the VM was made of then.
CREATE TABLE backup (
    id INTEGER PRIMARY KEY,
    vm_id INTEGER NOT NULL REFERENCES vm (id),
    name TEXT NOT NULL,
    datastore_id INTEGER NOT NULL REFERENCES datastore (id),
    host_id INTEGER NOT NULL,
    parent_id INTEGER REFERENCES backup (id),
    state TEXT NOT NULL CHECK (state IN ('init', 'rdy', 'dele')),
    created BIGINT NOT NULL,
    size_bytes BIGINT NOT NULL DEFAULT 0,
    running INTEGER NOT NULL,
    frozen INTEGER NOT NULL DEFAULT 0,
    checkpoint TEXT NOT NULL DEFAULT '',
    closed TEXT NOT NULL DEFAULT '',
    template TEXT NOT NULL,
    operation_id TEXT NOT NULL,
    schedule_id INTEGER,
    changed BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX backup_vm ON backup (vm_id, id);

-- `source` is the file that was backed up: another one under the same disk has none of the marks.
CREATE TABLE backup_disk (
    backup_id INTEGER NOT NULL REFERENCES backup (id),
    disk_id INTEGER NOT NULL,
    target TEXT NOT NULL,
    source TEXT NOT NULL,
    volume TEXT NOT NULL,
    incremental INTEGER NOT NULL,
    capacity_bytes BIGINT NOT NULL,
    size_bytes BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (backup_id, disk_id)
);

-- Queue, journal and audit in one: one row from intent to end. `moving_since` is when the step's first bytes were counted.
CREATE TABLE operation (
    id TEXT PRIMARY KEY,
    seq BIGINT NOT NULL UNIQUE,
    command TEXT NOT NULL,
    arguments TEXT NOT NULL,
    vm_id INTEGER,
    vm_version BIGINT,
    host_id INTEGER,
    user_id INTEGER NOT NULL REFERENCES user_account (id),
    asked_by TEXT NOT NULL,
    face TEXT NOT NULL,
    parent_id TEXT,
    schedule_id INTEGER,
    state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'unknown', 'cancelled')),
    step TEXT NOT NULL DEFAULT '',
    variant TEXT NOT NULL DEFAULT '',
    sent INTEGER NOT NULL DEFAULT 0,
    attempt INTEGER NOT NULL DEFAULT 0,
    owner TEXT NOT NULL DEFAULT '',
    fence BIGINT NOT NULL DEFAULT 0,
    cancel_requested INTEGER NOT NULL DEFAULT 0,
    progress DOUBLE PRECISION,
    bytes_done BIGINT,
    bytes_total BIGINT,
    moving_since DOUBLE PRECISION,
    note TEXT NOT NULL DEFAULT '',
    result TEXT NOT NULL DEFAULT '{}',
    error TEXT,
    created DOUBLE PRECISION NOT NULL,
    started DOUBLE PRECISION,
    ended DOUBLE PRECISION,
    changed BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX operation_state ON operation (state, seq);
CREATE INDEX operation_vm ON operation (vm_id, seq);
CREATE UNIQUE INDEX operation_one_running ON operation (vm_id) WHERE state = 'running';

CREATE TABLE operation_event (
    operation_id TEXT NOT NULL REFERENCES operation (id),
    seq INTEGER NOT NULL,
    at DOUBLE PRECISION NOT NULL,
    state TEXT NOT NULL,
    step TEXT NOT NULL DEFAULT '',
    position TEXT NOT NULL DEFAULT '',
    note TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (operation_id, seq)
);

-- keep_last, keep_days: of what the schedule has made, how much stays.
CREATE TABLE schedule (
    id INTEGER PRIMARY KEY,
    vm_id INTEGER REFERENCES vm (id),
    number INTEGER NOT NULL,
    action TEXT NOT NULL,
    arguments TEXT NOT NULL DEFAULT '[]',
    time BIGINT NOT NULL,
    relative INTEGER NOT NULL DEFAULT 0,
    repeat INTEGER,
    days TEXT NOT NULL DEFAULT '',
    cron TEXT NOT NULL DEFAULT '',
    time_zone TEXT NOT NULL DEFAULT '',
    end_type INTEGER NOT NULL DEFAULT 0,
    end_value BIGINT NOT NULL DEFAULT 0,
    next BIGINT,
    last BIGINT,
    done BIGINT,
    fired INTEGER NOT NULL DEFAULT 0,
    message TEXT NOT NULL DEFAULT '',
    enabled INTEGER NOT NULL DEFAULT 1,
    keep_last INTEGER,
    keep_days INTEGER,
    user_id INTEGER NOT NULL REFERENCES user_account (id),
    changed BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX schedule_number ON schedule (vm_id, number);
CREATE INDEX schedule_next ON schedule (next) WHERE next IS NOT NULL;

CREATE TABLE firing (
    schedule_id INTEGER NOT NULL REFERENCES schedule (id),
    due BIGINT NOT NULL,
    status TEXT NOT NULL,
    reason TEXT NOT NULL DEFAULT '',
    operation_id TEXT,
    fence BIGINT NOT NULL DEFAULT 0,
    at DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (schedule_id, due)
);

-- Bounded: older rows are pruned by the monitor.
CREATE TABLE sample (
    kind TEXT NOT NULL CHECK (kind IN ('vm', 'host')),
    id INTEGER NOT NULL,
    at BIGINT NOT NULL,
    cpu_percent DOUBLE PRECISION,
    memory_kib BIGINT,
    net_rx_bytes BIGINT,
    net_tx_bytes BIGINT,
    disk_read_bytes BIGINT,
    disk_write_bytes BIGINT,
    PRIMARY KEY (kind, id, at)
);
CREATE INDEX sample_at ON sample (at);

CREATE TABLE tag (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('user', 'system')),
    resource_type TEXT NOT NULL,
    resource_id INTEGER NOT NULL,
    tag TEXT NOT NULL
);
CREATE INDEX tag_resource ON tag (resource_type, resource_id);

-- Domains of our VMs on hosts where the VMs are not: a host that was lost came back. Bringing two to life ruins the disks.
CREATE TABLE stray (
    host_id INTEGER NOT NULL REFERENCES host (id),
    vm_id INTEGER NOT NULL REFERENCES vm (id),
    alive INTEGER NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (host_id, vm_id)
);

-- Domains on our hosts that we did not make.
CREATE TABLE wild (
    host_id INTEGER NOT NULL REFERENCES host (id),
    uuid TEXT NOT NULL,
    name TEXT NOT NULL,
    power INTEGER NOT NULL,
    reason INTEGER NOT NULL,
    vcpu INTEGER NOT NULL,
    memory_kib BIGINT NOT NULL,
    description TEXT NOT NULL DEFAULT '{}',
    changed BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (host_id, uuid)
);

INSERT INTO counter (name, value) VALUES ('change', 0);
INSERT INTO counter (name, value) VALUES ('operation', 0);
INSERT INTO user_group (id, name) VALUES (0, 'oneadmin');
INSERT INTO user_group (id, name) VALUES (1, 'users');
INSERT INTO zone (id, name) VALUES (0, 'default');
INSERT INTO cluster (id, name) VALUES (0, 'default');
