// SPDX-License-Identifier: GPL-2.0
/*
 * RAM disk with protection information: the disk, its queues, and the
 * completion of requests.
 */
#define pr_fmt(fmt) "pi_brd: " fmt

#include <linux/idr.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "pi_brd.h"

/**
 * struct pi_brd_queue - a hardware queue that is polled
 * @lock: protects @done
 * @done: requests that wait for a poll
 */
struct pi_brd_queue {
	spinlock_t lock; /* protects done */
	struct list_head done;
};

static DEFINE_IDA(indexes);

static void end_request(struct request *rq)
{
	struct pi_brd_cmd *cmd = blk_mq_rq_to_pdu(rq);
	unsigned int piece_bytes = cmd->piece_bytes;

	while (piece_bytes && blk_rq_bytes(rq) > piece_bytes)
		blk_update_request(rq, cmd->status, piece_bytes);
	blk_mq_end_request(rq, cmd->status);
}

static bool is_polled(struct request *rq)
{
	return rq->mq_hctx->type == HCTX_TYPE_POLL;
}

static void leave_for_poll(struct request *rq)
{
	struct pi_brd_queue *queue = rq->mq_hctx->driver_data;
	unsigned long flags;

	spin_lock_irqsave(&queue->lock, flags);
	list_add_tail(&rq->queuelist, &queue->done);
	spin_unlock_irqrestore(&queue->lock, flags);
}

static enum hrtimer_restart timer_fires(struct hrtimer *timer)
{
	struct pi_brd_cmd *cmd = container_of(timer, struct pi_brd_cmd, timer);
	struct request *rq = blk_mq_rq_from_pdu(cmd);

	if (is_polled(rq))
		leave_for_poll(rq);
	else
		blk_mq_complete_request(rq);
	return HRTIMER_NORESTART;
}

static void finish(struct pi_brd *dev, struct request *rq)
{
	struct pi_brd_cmd *cmd = blk_mq_rq_to_pdu(rq);
	u64 delay_ns = cmd->delay_ns;

	if (dev->config.complete == PI_BRD_COMPLETE_TIMER)
		delay_ns += dev->config.latency_ns;

	if (delay_ns)
		hrtimer_start(&cmd->timer, ns_to_ktime(delay_ns),
			      HRTIMER_MODE_REL);
	else if (is_polled(rq))
		leave_for_poll(rq);
	else if (dev->config.complete == PI_BRD_COMPLETE_INLINE)
		end_request(rq);
	else
		blk_mq_complete_request(rq);
}

static blk_status_t read_write(struct pi_brd *dev, struct request *rq,
			       struct pi_brd_cmd *cmd)
{
	bool write = op_is_write(req_op(rq));

	atomic64_inc(write ? &dev->stat.writes : &dev->stat.reads);
	pi_brd_fault_request(dev, rq, cmd);
	if (cmd->status)
		return cmd->status;
	if (write && dev->zones)
		return pi_brd_zone_write(dev, rq, cmd);
	return pi_brd_transfer(dev, rq, cmd,
			       pi_brd_interval_of(dev, blk_rq_pos(rq)));
}

static blk_status_t serve(struct pi_brd *dev, struct request *rq,
			  struct pi_brd_cmd *cmd)
{
	switch (req_op(rq)) {
	case REQ_OP_READ:
	case REQ_OP_WRITE:
	case REQ_OP_ZONE_APPEND:
		return read_write(dev, rq, cmd);
	case REQ_OP_FLUSH:
		return BLK_STS_OK;
	case REQ_OP_DISCARD:
	case REQ_OP_WRITE_ZEROES:
		if (dev->zones)
			return BLK_STS_NOTSUPP;
		if (!dev->config.store)
			return BLK_STS_OK;
		pi_brd_store_clear(dev,
				   pi_brd_interval_of(dev, blk_rq_pos(rq)),
				   pi_brd_interval_of(dev, blk_rq_sectors(rq)));
		return BLK_STS_OK;
	default:
		return dev->zones ? pi_brd_zone_manage(dev, rq) :
				    BLK_STS_NOTSUPP;
	}
}

static blk_status_t pi_brd_queue_rq(struct blk_mq_hw_ctx *hctx,
				    const struct blk_mq_queue_data *bd)
{
	struct pi_brd_cmd *cmd = blk_mq_rq_to_pdu(bd->rq);
	struct pi_brd *dev = hctx->queue->queuedata;

	INIT_LIST_HEAD(&bd->rq->queuelist);
	blk_mq_start_request(bd->rq);
	cmd->status = BLK_STS_OK;
	cmd->piece_bytes = 0;
	cmd->delay_ns = 0;
	cmd->status = serve(dev, bd->rq, cmd);
	finish(dev, bd->rq);
	return BLK_STS_OK;
}

/* Take @rq, or the first one if it is NULL, if it waits for a poll. */
static struct request *take_done(struct pi_brd_queue *queue, struct request *rq)
{
	unsigned long flags;

	spin_lock_irqsave(&queue->lock, flags);
	if (!rq)
		rq = list_first_entry_or_null(&queue->done, struct request,
					      queuelist);
	else if (list_empty(&rq->queuelist))
		rq = NULL;
	if (rq)
		list_del_init(&rq->queuelist);
	spin_unlock_irqrestore(&queue->lock, flags);
	return rq;
}

static int pi_brd_poll(struct blk_mq_hw_ctx *hctx, struct io_comp_batch *iob)
{
	struct pi_brd_queue *queue = hctx->driver_data;
	struct request *rq;
	int count = 0;

	while ((rq = take_done(queue, NULL))) {
		end_request(rq);
		count++;
	}
	return count;
}

/* A program that has stopped does not poll. */
static enum blk_eh_timer_return pi_brd_timeout(struct request *rq)
{
	if (!is_polled(rq) || !take_done(rq->mq_hctx->driver_data, rq))
		return BLK_EH_RESET_TIMER;
	end_request(rq);
	return BLK_EH_DONE;
}

static void pi_brd_map_queues(struct blk_mq_tag_set *set)
{
	const struct pi_brd *dev = set->driver_data;
	unsigned int offset = 0;

	for (unsigned int i = 0; i < set->nr_maps; i++) {
		struct blk_mq_queue_map *map = &set->map[i];

		map->nr_queues = i == HCTX_TYPE_DEFAULT ? dev->config.queues :
				 i == HCTX_TYPE_POLL ? dev->config.poll_queues :
						       0;
		if (!map->nr_queues)
			continue;
		map->queue_offset = offset;
		offset += map->nr_queues;
		blk_mq_map_queues(map);
	}
}

static int pi_brd_init_hctx(struct blk_mq_hw_ctx *hctx, void *driver_data,
			    unsigned int index)
{
	struct pi_brd_queue *queue;

	queue = kzalloc_node(sizeof(*queue), GFP_KERNEL, hctx->numa_node);
	if (!queue)
		return -ENOMEM;
	spin_lock_init(&queue->lock);
	INIT_LIST_HEAD(&queue->done);
	hctx->driver_data = queue;
	return 0;
}

static void pi_brd_exit_hctx(struct blk_mq_hw_ctx *hctx, unsigned int index)
{
	kfree(hctx->driver_data);
	hctx->driver_data = NULL;
}

static int pi_brd_init_request(struct blk_mq_tag_set *set, struct request *rq,
			       unsigned int index, unsigned int numa_node)
{
	struct pi_brd_cmd *cmd = blk_mq_rq_to_pdu(rq);

	hrtimer_init(&cmd->timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	cmd->timer.function = timer_fires;
	return 0;
}

static const struct blk_mq_ops pi_brd_mq_ops = {
	.queue_rq	= pi_brd_queue_rq,
	.complete	= end_request,
	.poll		= pi_brd_poll,
	.timeout	= pi_brd_timeout,
	.map_queues	= pi_brd_map_queues,
	.init_hctx	= pi_brd_init_hctx,
	.exit_hctx	= pi_brd_exit_hctx,
	.init_request	= pi_brd_init_request,
};

/* Openers may outlive the power. */
static void pi_brd_free_disk(struct gendisk *disk)
{
	struct pi_brd *dev = disk->private_data;

	kvfree(dev->zones);
	ida_free(&indexes, dev->index);
	kfree(dev);
}

static const struct block_device_operations pi_brd_fops = {
	.owner		= THIS_MODULE,
	.free_disk	= pi_brd_free_disk,
#ifdef CONFIG_BLK_DEV_ZONED
	.report_zones	= pi_brd_report_zones,
#endif
};

static struct pi_brd *pi_brd_alloc(const struct pi_brd_config *config)
{
	struct pi_brd *dev = kzalloc(sizeof(*dev), GFP_KERNEL);

	if (!dev)
		return NULL;
	dev->config = *config;
	dev->format = pi_brd_format_of(config->guard);
	dev->interval_exp = ilog2(config->interval_bytes ?: config->block_bytes);
	dev->chunk_intervals = PAGE_SIZE >> dev->interval_exp;
	pi_brd_zero_init(dev);
	pi_brd_store_init(dev);
	spin_lock_init(&dev->rules_lock);
	spin_lock_init(&dev->error_lock);
	INIT_LIST_HEAD(&dev->rules);
	return dev;
}

static int pi_brd_alloc_tags(struct pi_brd *dev)
{
	const struct pi_brd_config *config = &dev->config;

	dev->set = (struct blk_mq_tag_set) {
		.ops = &pi_brd_mq_ops,
		.nr_hw_queues = config->queues + config->poll_queues,
		.nr_maps = config->poll_queues ? HCTX_MAX_TYPES : 1,
		.queue_depth = config->depth,
		.numa_node = NUMA_NO_NODE,
		.cmd_size = sizeof(struct pi_brd_cmd) +
			    pi_brd_interval_bytes(dev) + config->metadata_bytes,
		.flags = BLK_MQ_F_SHOULD_MERGE,
		.driver_data = dev,
	};
	/* The store allocates memory, and its locks sleep. */
	if (config->store || config->zone_mb)
		dev->set.flags |= BLK_MQ_F_BLOCKING;
	return blk_mq_alloc_tag_set(&dev->set);
}

static int pi_brd_add_disk(struct pi_brd *dev)
{
	struct queue_limits lim = pi_brd_limits(dev);
	int err;

	if (dev->config.zone_mb) {
		err = pi_brd_zones_alloc(dev, &lim);
		if (err)
			return err;
	}
	dev->disk = blk_mq_alloc_disk(&dev->set, &lim, dev);
	if (IS_ERR(dev->disk)) {
		err = PTR_ERR(dev->disk);
		goto free_zones;
	}
	snprintf(dev->disk->disk_name, DISK_NAME_LEN, "pi_brd%d", dev->index);
	dev->disk->fops = &pi_brd_fops;
	dev->disk->private_data = dev;
	set_capacity(dev->disk, dev->config.size_mb << (20 - SECTOR_SHIFT));

	err = dev->zones ? blk_revalidate_disk_zones(dev->disk) : 0;
	if (!err)
		err = add_disk(dev->disk);
	if (!err)
		return 0;
	put_disk(dev->disk);
free_zones:
	kvfree(dev->zones);
	return err;
}

/**
 * pi_brd_add() - create a disk
 * @config: its attributes
 *
 * Context: Process context.  May sleep.
 * Return: the disk, or an error pointer: -EINVAL on attributes that are invalid
 *	or contradict each other, with a line in the log; -ENOMEM.
 */
struct pi_brd *pi_brd_add(const struct pi_brd_config *config)
{
	struct pi_brd *dev;
	int err = pi_brd_validate(config);

	if (err)
		return ERR_PTR(err);
	dev = pi_brd_alloc(config);
	if (!dev)
		return ERR_PTR(-ENOMEM);
	dev->index = ida_alloc(&indexes, GFP_KERNEL);
	if (dev->index < 0) {
		err = dev->index;
		goto free_dev;
	}
	err = pi_brd_alloc_tags(dev);
	if (err)
		goto free_index;
	err = pi_brd_add_disk(dev);
	if (err)
		goto free_tags;
	pi_brd_debugfs_add(dev);
	return dev;

free_tags:
	blk_mq_free_tag_set(&dev->set);
free_index:
	ida_free(&indexes, dev->index);
free_dev:
	kfree(dev);
	return ERR_PTR(err);
}

/**
 * pi_brd_remove() - remove a disk and its data
 * @dev: the disk
 *
 * Waits for I/O in flight; later I/O of openers fails.
 *
 * Context: Process context.  May sleep.
 */
void pi_brd_remove(struct pi_brd *dev)
{
	pi_brd_debugfs_remove(dev);
	del_gendisk(dev->disk);
	blk_mq_free_tag_set(&dev->set);
	pi_brd_rule_remove(dev, 0);
	pi_brd_store_free(dev);
	put_disk(dev->disk);
}
