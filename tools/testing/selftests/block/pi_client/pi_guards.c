// SPDX-License-Identifier: GPL-2.0
/*
 * A submitter that already has the guards of its data, for instance from its
 * own clients: a write uses them unchanged, a read returns those of the medium.
 */

#include <linux/crc-t10dif.h>
#include <linux/crc64.h>
#include <linux/slab.h>
#include <linux/t10-pi.h>
#include <linux/unaligned.h>
#include <net/checksum.h>

#include "pi_client.h"

static bool is_wide(const struct blk_integrity *bi)
{
	return bi->csum_type == BLK_INTEGRITY_CSUM_CRC64;
}

/* A guard also covers the tags in front of the tuple. */
static u64 guard_of(const struct blk_integrity *bi, const void *data,
		    const void *before)
{
	unsigned int bytes = 1U << bi->interval_exp;
	u64 crc64;
	u16 crc16;

	switch (bi->csum_type) {
	case BLK_INTEGRITY_CSUM_CRC64:
		crc64 = crc64_rocksoft(data, bytes);
		return crc64_rocksoft_update(crc64, before, bi->pi_offset);
	case BLK_INTEGRITY_CSUM_CRC:
		crc16 = crc_t10dif(data, bytes);
		return crc_t10dif_update(crc16, before, bi->pi_offset);
	case BLK_INTEGRITY_CSUM_IP:
		return be16_to_cpu((__force __be16)
			csum_fold(csum_partial(before, bi->pi_offset,
					       csum_partial(data, bytes, 0))));
	default:
		return 0;
	}
}

static void *tuple_of(const struct blk_integrity_exchg *xchg, unsigned int i)
{
	return xchg->prot_buf + i * xchg->bi->tuple_size + xchg->bi->pi_offset;
}

static unsigned int run_intervals(const struct blk_integrity_exchg *xchg)
{
	return xchg->data_size >> xchg->bi->interval_exp;
}

/* The guard of an interval of a run, wherever in the bio the run is. */
static u64 *place_of(const struct blk_integrity_exchg *xchg, unsigned int i)
{
	struct pi_guards *guards = xchg->private;

	return &guards->guard[xchg->interval + i - guards->first];
}

static void put_guards(struct blk_integrity_exchg *xchg)
{
	struct pi_guards *guards = xchg->private;
	bool has_ref = xchg->bi->flags & BLK_INTEGRITY_REF_TAG;

	for (unsigned int i = 0; i < run_intervals(xchg); i++) {
		u64 number = xchg->interval + i, guard = *place_of(xchg, i);
		struct crc64_pi_tuple *wide = tuple_of(xchg, i);
		struct t10_pi_tuple *tuple = tuple_of(xchg, i);

		if (is_wide(xchg->bi)) {
			put_unaligned_be64(guard, &wide->guard_tag);
			if (has_ref)
				put_unaligned_be48(number, wide->ref_tag);
		} else {
			put_unaligned_be16(guard, &tuple->guard_tag);
			if (has_ref)
				put_unaligned_be32(number, &tuple->ref_tag);
		}
	}
	atomic_add(run_intervals(xchg), &guards->seen);
}

static void get_guards(struct blk_integrity_exchg *xchg)
{
	struct pi_guards *guards = xchg->private;

	for (unsigned int i = 0; i < run_intervals(xchg); i++) {
		struct crc64_pi_tuple *wide = tuple_of(xchg, i);
		struct t10_pi_tuple *tuple = tuple_of(xchg, i);

		*place_of(xchg, i) = is_wide(xchg->bi) ?
				     get_unaligned_be64(&wide->guard_tag) :
				     get_unaligned_be16(&tuple->guard_tag);
	}
	atomic_add(run_intervals(xchg), &guards->seen);
}

/* The guard of the data and tags of the command. */
static u64 right_guard(const struct pi_io *io, unsigned int interval)
{
	const struct blk_integrity *bi = &bio_integrity(io->bio)->bip_geometry;
	unsigned int at = interval << bi->interval_exp;
	struct bio_vec *bv = &io->bio->bi_io_vec[at / PI_BLOCK_BYTES];
	unsigned int room = bi->tuple_size - bi->profile->tuple_size;

	return guard_of(bi, bvec_virt(bv) + at % PI_BLOCK_BYTES,
			io->tags + interval * room);
}

/**
 * pi_guards_attach() - give a bio guards, or space for those of a read
 * @io: bio with metadata, data and tags
 *
 * Return: 0 or a negative errno.
 */
int pi_guards_attach(struct pi_io *io)
{
	const struct blk_integrity *bi = &bio_integrity(io->bio)->bip_geometry;
	struct pi_guards *guards;
	int err;

	guards = kzalloc(sizeof(*guards), GFP_KERNEL);
	if (!guards)
		return pi_fail(&io->result, -ENOMEM, "for guards");
	io->guards = guards;
	guards->first = bip_get_seed(bio_integrity(io->bio));
	guards->intervals = io->blocks * PI_BLOCK_BYTES >> bi->interval_exp;
	guards->guard = kcalloc(guards->intervals, sizeof(u64), GFP_KERNEL);
	if (!guards->guard)
		return pi_fail(&io->result, -ENOMEM, "for guards");

	guards->profile = *bi->profile;
	guards->profile.name = "pi_client";
	guards->profile.generate_fn = put_guards;
	guards->profile.verify_fn = get_guards;
	err = bio_integrity_set_profile(io->bio, &guards->profile, guards);
	if (err)
		return pi_fail(&io->result, err, "in bio_integrity_set_profile");

	for (unsigned int i = 0; io->cmd->write && i < guards->intervals; i++)
		guards->guard[i] = right_guard(io, i) ^ io->cmd->wrong;
	return 0;
}

/**
 * pi_guards_check() - check the guards of a read
 * @io: bio that has ended; its data and tags are right
 *
 * Return: 0 or a negative errno.
 */
int pi_guards_check(struct pi_io *io)
{
	struct pi_guards *guards = io->guards;

	/* No check of guards was requested. */
	if (!guards || !atomic_read(&guards->seen))
		return 0;
	for (unsigned int i = 0; i < guards->intervals; i++) {
		u64 right = right_guard(io, i);

		if (guards->guard[i] != right)
			return pi_fail(&io->result, -EUCLEAN,
				       "interval %llu came with guard 0x%llx, right is 0x%llx",
				       guards->first + i, guards->guard[i], right);
	}
	return 0;
}

/**
 * pi_guards_free() - free guards
 * @io: its bio is freed, or was not submitted
 */
void pi_guards_free(struct pi_io *io)
{
	if (io->guards)
		kfree(io->guards->guard);
	kfree(io->guards);
}
