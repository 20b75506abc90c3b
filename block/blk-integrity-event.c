// SPDX-License-Identifier: GPL-2.0
/*
 * Events of a disk that need a context that may sleep: a uevent for the first
 * error after a quiet time, and an update of the files in sysfs when the disk
 * gets or loses its metadata.  Also resets the integrity state of a queue when
 * its disk is deleted, because another disk may take over the queue.
 */

#include <linux/blk-integrity.h>
#include <linux/export.h>
#include <linux/kobject.h>
#include <linux/workqueue.h>

#include "blk.h"
#include "blk-integrity-dev.h"

/* Not a system workqueue, because the removal of a disk waits for this one. */
struct workqueue_struct *blk_integrity_events_wq __ro_after_init;

static void send_error_uevent(struct gendisk *disk)
{
	char what[] = "INTEGRITY_ERROR=1";
	char *env[2] = { what };

	kobject_uevent_env(&disk_to_dev(disk)->kobj, KOBJ_CHANGE, env);
}

/* Take the pending events, with their disk and the reference to it. */
static struct gendisk *take_events(struct blk_integrity_dev *idev,
				   unsigned int *events)
{
	struct gendisk *disk;

	spin_lock_irq(&idev->event_lock);
	disk = idev->event_disk;
	*events = idev->events;
	idev->event_disk = NULL;
	idev->events = 0;
	spin_unlock_irq(&idev->event_lock);
	return disk;
}

/*
 * Is the disk registered and not being removed?  Hidden disks, the paths of a
 * multipath device, never have a live inode.  For both kinds del_gendisk()
 * clears this state with open_mutex held, before it removes the disk from sysfs:
 * with open_mutex held the result stays valid.
 */
static bool disk_in_sysfs(struct gendisk *disk)
{
	if (disk->flags & GENHD_FL_HIDDEN)
		return test_bit(GD_ADDED, &disk->state) &&
		       !test_bit(GD_DEAD, &disk->state);
	return disk_live(disk);
}

/*
 * open_mutex keeps the disk in sysfs, because del_gendisk() takes it before it
 * removes the device: no event follows the removal.
 */
static void integrity_event_work(struct work_struct *work)
{
	struct blk_integrity_dev *idev =
		container_of(work, struct blk_integrity_dev, event_work);
	unsigned int events;
	struct gendisk *disk = take_events(idev, &events);

	if (!disk)
		return;

	/* Wait until the new limits have been committed. */
	mutex_lock(&disk->queue->limits_lock);
	mutex_unlock(&disk->queue->limits_lock);

	mutex_lock(&disk->open_mutex);
	if (disk_in_sysfs(disk)) {
		if (events & BLK_INTEGRITY_EVENT_FORMAT)
			blk_integrity_sysfs_update(disk);
		if (events & BLK_INTEGRITY_EVENT_ERROR)
			send_error_uevent(disk);
	}
	mutex_unlock(&disk->open_mutex);
	put_device(disk_to_dev(disk));
}

/**
 * blk_integrity_queue_event() - queue an event of a disk
 * @disk: the disk; its queue has integrity state
 * @event: the event
 *
 * Drops events of a disk that is not registered, including one that is being
 * removed and whose queue will serve another disk.
 *
 * Context: Any context.
 */
void blk_integrity_queue_event(struct gendisk *disk,
			       enum blk_integrity_event event)
{
	struct blk_integrity_dev *idev = disk->queue->integrity_dev;
	unsigned long flags;

	spin_lock_irqsave(&idev->event_lock, flags);
	if (disk_in_sysfs(disk)) {
		if (!idev->event_disk) {
			get_device(disk_to_dev(disk));
			idev->event_disk = disk;
		}
		idev->events |= event;
		queue_work(blk_integrity_events_wq, &idev->event_work);
	}
	spin_unlock_irqrestore(&idev->event_lock, flags);
}

/**
 * blk_integrity_report_to() - let another disk send the error events of a path
 * @path: disk that is hidden, so that user space gets no events of it
 * @head: disk that stands for it; must exist until @path has been deleted
 *
 * Call it after each update of the limits: until a path has had metadata, this
 * does nothing.
 *
 * Context: Process context, without limits_lock of either queue.  May sleep, but
 *	does no I/O.
 */
void blk_integrity_report_to(struct gendisk *path, struct gendisk *head)
{
	struct blk_integrity_dev *idev = path->queue->integrity_dev;

	if (!idev || !blk_integrity_get_dev(head->queue))
		return;
	/* Pairs with READ_ONCE() in report_uevent(), which uses the state. */
	smp_store_release(&idev->reports_to, head);
}
EXPORT_SYMBOL_GPL(blk_integrity_report_to);

/**
 * blk_integrity_disk_gone() - reset the integrity state of a deleted disk
 * @disk: disk that was removed from sysfs, without I/O
 *
 * A SCSI device keeps its queue when its driver is unbound.  The next disk on
 * that queue must start with default policies and counters of 0, as any new
 * disk does.
 *
 * Context: Process context.  May sleep: events take locks that others hold
 *	while they do I/O, so the queue must not be frozen for the caller alone.
 */
void blk_integrity_disk_gone(struct gendisk *disk)
{
	struct blk_integrity_dev *idev = disk->queue->integrity_dev;
	unsigned int events;

	if (!idev)
		return;
	/* The lock orders this after the last event: none is queued later. */
	if (take_events(idev, &events))
		put_device(disk_to_dev(disk));
	cancel_work_sync(&idev->event_work);
	WRITE_ONCE(idev->reports_to, NULL);
	blk_integrity_reset_policies(idev);
	blk_integrity_reset_counters(idev);
}

/**
 * blk_integrity_event_init() - prepare a queue for events
 * @idev: its integrity state
 *
 * Context: Any context.
 */
void blk_integrity_event_init(struct blk_integrity_dev *idev)
{
	spin_lock_init(&idev->event_lock);
	INIT_WORK(&idev->event_work, integrity_event_work);
}

/**
 * blk_integrity_event_setup() - allocate the workqueue of events
 *
 * Context: Boot.
 */
void __init blk_integrity_event_setup(void)
{
	blk_integrity_events_wq = alloc_workqueue("blk_integrity_events",
						  0, 0);
	if (!blk_integrity_events_wq)
		panic("blk-integrity: no memory for events\n");
}
