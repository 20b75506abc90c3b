# A command that changes the format of a namespace concerns all paths to it. Paths send no I/O in the old format: their queues
# are drained before the command, and after it no path is used until its controller has read the new format. The other
# controllers of the subsystem are scanned too, as not all of them report an event.
# The caller holds the subsystem's lock, and has frozen the multipath disks and the namespaces of its own controller.
# A format of one namespace may format all of them (FNA), so all heads wait for the scan.
# Paths are disabled after their own queues are unfrozen and before the multipath disks are: a program's command takes a path
# under SRCU and waits for its queue, while this waits for that SRCU.
# file: drivers/nvme/host/core.c
# changes: 4
/^u32 nvme_passthru_start\(/i\
static void nvme_for_other_paths(struct nvme_ctrl *ctrl,\
				 void (*fn)(struct request_queue *q))\
{\
	struct nvme_ns_head *head;\
	struct nvme_ns *ns;\
\
	list_for_each_entry(head, \&ctrl->subsys->nsheads, entry) {\
		if (!nvme_ns_head_multipath(head))\
			continue;\
		list_for_each_entry(ns, \&head->list, siblings) {\
			if (ns->ctrl != ctrl)\
				fn(ns->queue);\
		}\
	}\
}\
\
static void nvme_drain_other_paths(struct nvme_ctrl *ctrl)\
{\
	nvme_for_other_paths(ctrl, blk_freeze_queue_start);\
	nvme_for_other_paths(ctrl, blk_mq_freeze_queue_wait);\
	nvme_for_other_paths(ctrl, blk_mq_unfreeze_queue);\
}\
\
static void nvme_disable_paths(struct nvme_ctrl *ctrl)\
{\
	struct nvme_ns_head *head;\
	struct nvme_ns *ns;\
\
	list_for_each_entry(head, \&ctrl->subsys->nsheads, entry) {\
		if (!nvme_ns_head_multipath(head))\
			continue;\
		list_for_each_entry(ns, \&head->list, siblings)\
			clear_bit(NVME_NS_READY, \&ns->flags);\
		/* No reader makes a path current that was ready before. */\
		synchronize_srcu(\&head->srcu);\
		list_for_each_entry(ns, \&head->list, siblings)\
			nvme_mpath_clear_current_path(ns);\
	}\
}\
\
static void nvme_queue_other_scans(struct nvme_ctrl *ctrl)\
{\
	struct nvme_ctrl *other;\
\
	mutex_lock(\&nvme_subsystems_lock);\
	list_for_each_entry(other, \&ctrl->subsys->ctrls, subsys_entry) {\
		if (other != ctrl)\
			nvme_queue_scan(other);\
	}\
	mutex_unlock(\&nvme_subsystems_lock);\
}\

/^u32 nvme_passthru_start\(/,/^}/s/^(\t*)nvme_wait_freeze\(ctrl\);$/&\
\1nvme_drain_other_paths(ctrl);/
/^void nvme_passthru_end\(/,/^}/{
	s/^(\t*)nvme_unfreeze\(ctrl\);$/&\
\1if (effects \& NVME_CMD_EFFECTS_NCC)\
\1	nvme_disable_paths(ctrl);/
	s/^(\t*)nvme_queue_scan\(ctrl\);$/\1nvme_queue_other_scans(ctrl);\
&/
}
