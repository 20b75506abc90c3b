# A command that changes the format of a namespace concerns all paths to it. Paths send no I/O in the old format: their queues
# are drained before the command, and after it no path is used until its controller has read the new format. The other
# controllers of the subsystem are scanned too, as not all of them report an event.
# The caller holds the subsystem's lock, and has frozen the multipath disks and the namespaces of its own controller.
# file: drivers/nvme/host/core.c
# changes: 4
/^u32 nvme_passthru_start\(/i\
static void nvme_drain_other_paths(struct nvme_ctrl *ctrl)\
{\
	struct nvme_ns_head *head;\
	struct nvme_ns *ns;\
	int srcu_idx;\
\
	list_for_each_entry(head, \&ctrl->subsys->nsheads, entry) {\
		if (!nvme_ns_head_multipath(head))\
			continue;\
		srcu_idx = srcu_read_lock(\&head->srcu);\
		list_for_each_entry_srcu(ns, \&head->list, siblings,\
					 srcu_read_lock_held(\&head->srcu)) {\
			if (ns->ctrl == ctrl)\
				continue;\
			blk_mq_freeze_queue(ns->queue);\
			blk_mq_unfreeze_queue(ns->queue);\
		}\
		srcu_read_unlock(\&head->srcu, srcu_idx);\
	}\
}\
\
static void nvme_disable_paths(struct nvme_ctrl *ctrl, u32 nsid)\
{\
	struct nvme_ns_head *head;\
	struct nvme_ns *ns;\
	int srcu_idx;\
\
	list_for_each_entry(head, \&ctrl->subsys->nsheads, entry) {\
		if (nsid != NVME_NSID_ALL \&\& nsid != head->ns_id)\
			continue;\
		srcu_idx = srcu_read_lock(\&head->srcu);\
		list_for_each_entry_srcu(ns, \&head->list, siblings,\
					 srcu_read_lock_held(\&head->srcu)) {\
			clear_bit(NVME_NS_READY, \&ns->flags);\
			nvme_mpath_clear_current_path(ns);\
		}\
		srcu_read_unlock(\&head->srcu, srcu_idx);\
	}\
}\
\
static void nvme_queue_other_scans(struct nvme_ctrl *ctrl)\
{\
	struct nvme_ctrl *other;\
\
	mutex_lock(\&ctrl->subsys->lock);\
	list_for_each_entry(other, \&ctrl->subsys->ctrls, subsys_entry) {\
		if (other != ctrl)\
			nvme_queue_scan(other);\
	}\
	mutex_unlock(\&ctrl->subsys->lock);\
}\

/^u32 nvme_passthru_start\(/,/^}/s/^(\t*)nvme_wait_freeze\(ctrl\);$/&\
\1nvme_drain_other_paths(ctrl);/
/^void nvme_passthru_end\(/,/^}/{
	s/^(\t*)nvme_unfreeze\(ctrl\);$/\1if (effects \& NVME_CMD_EFFECTS_NCC)\
\1	nvme_disable_paths(ctrl, le32_to_cpu(cmd->common.nsid));\
&/
	s/^(\t*)nvme_queue_scan\(ctrl\);$/\1nvme_queue_other_scans(ctrl);\
&/
}
