// SPDX-License-Identifier: GPL-2.0
/*
 * Special cases of drivers: a flag without a payload, copies, metadata that
 * cannot be mapped, flush sequences.
 */

#include <linux/blk-integrity.h>
#include <scsi/scsi_cmnd.h>
#include <scsi/scsi_device.h>

#include "../bio-integrity-internal.h"
#include "integrity_disk.h"
#include "pi_reference.h"

#define REF_TAG		BLK_INTEGRITY_REF_TAG
#define CRC		BLK_INTEGRITY_CSUM_CRC
#define FIRST		8
#define INTERVALS	8
#define META_BYTES	(INTERVALS * 8)

static struct test_disk *disk_of(struct kunit *test)
{
	struct blk_integrity bi = test_geometry(CRC, REF_TAG, 8, 0, 9);

	return test_disk_of(test, test_with_tags(bi));
}

/* The flags of a bio with metadata are copied to one without. */
static void flag_without_payload(struct kunit *test)
{
	struct test_disk *td = disk_of(test);
	struct test_disk *plain = test_disk_alloc(test, test_plain_limits());
	struct test_io *io;

	for (int generate = 0; generate < 2; generate++) {
		td->disk->queue->integrity_dev->write_generate = generate;
		io = test_io_filled(test, td, REQ_OP_WRITE | REQ_INTEGRITY, FIRST,
				    INTERVALS);
		KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
		KUNIT_EXPECT_EQ(test, generate, td->nr_requests);
	}
	io = test_io_filled(test, td, REQ_OP_WRITE | REQ_INTEGRITY, FIRST,
			    INTERVALS);
	bio_set_dev(&io->bio, plain->bdev);
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
	KUNIT_EXPECT_EQ(test, 0, plain->nr_requests);
	KUNIT_EXPECT_EQ(test, 0, td->nr_without_payload);
}

/* Write-behind: the submitter's bio completes before the copy is written. */
static void copied_metadata_outlives_its_source(struct kunit *test)
{
	struct test_disk *td = disk_of(test);
	struct test_io *io = test_io_owned(test, td, REQ_OP_WRITE, FIRST,
					   INTERVALS);
	struct test_io *behind = test_io_filled(test, td, REQ_OP_WRITE, FIRST,
						INTERVALS);
	struct bio_set *bs = test_bio_set(test);
	u8 *data = test_guarded_buf(test, INTERVALS << SECTOR_SHIFT);
	u8 *meta = test_guarded_buf(test, META_BYTES);
	u8 tags[2 * INTERVALS];
	struct bio *clone;

	memset(tags, 0x5a, sizeof(tags));
	KUNIT_ASSERT_EQ(test, 0, bio_integrity_set_tag(&io->bio, tags,
						       sizeof(tags)));
	KUNIT_ASSERT_EQ(test, 0, bio_integrity_generate(&io->bio));
	test_bip_read(bio_integrity(&io->bio), meta);

	behind->bio.bi_bdev = NULL;
	test_vecs_read(io->data, data);
	test_vecs_write(behind->data, data);
	KUNIT_ASSERT_EQ(test, 0, bio_integrity_copy(&behind->bio, &io->bio));
	fs_bio_integrity_free(&io->bio);

	clone = bio_alloc_clone(td->bdev, &behind->bio, GFP_KERNEL, bs);
	KUNIT_ASSERT_NOT_NULL(test, clone);
	KUNIT_EXPECT_EQ(test, 0, submit_bio_wait(clone));
	KUNIT_EXPECT_MEMEQ(test, meta, td->meta + FIRST * 8, META_BYTES);
	bio_put(clone);
}

struct alignment_case {
	const char *desc;
	unsigned int offset;
	unsigned int dma_alignment;
	bool bounced;
};

static const struct alignment_case alignment_cases[] = {
	{ "aligned", 0, 3, false },
	{ "aligned to what the device asks for", 4, 3, false },
	{ "odd", 1, 3, true },
	{ "two bytes off", 2, 3, true },
	{ "four bytes off", 4, 7, true },
	{ "odd, and the device takes that", 1, 0, false },
	/* The default, which is meant for data: what all architectures can transfer. */
	{ "not a sector", 128, 511, false },
};

KUNIT_ARRAY_PARAM_DESC(alignment_cases, alignment_cases, desc);

static void metadata_is_aligned_as_the_device_asks(struct kunit *test)
{
	const struct alignment_case *row = test->param_value;
	struct queue_limits lim =
		test_disk_limits(test_geometry(CRC, REF_TAG, 8, 0, 9));
	struct page *page = test_zeroed_page(test);
	struct bio_integrity_payload *bip;
	struct test_disk *td;
	struct test_io *io;

	lim.dma_alignment = row->dma_alignment;
	td = test_disk_alloc(test, lim);
	td->disk->queue->limits.dma_alignment = row->dma_alignment;
	io = test_io_filled(test, td, REQ_OP_WRITE, FIRST, INTERVALS);
	bip = bio_integrity_alloc(&io->bio, GFP_KERNEL, 1);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, bip);
	bip_set_seed(bip, FIRST);
	KUNIT_ASSERT_EQ(test, META_BYTES,
			bio_integrity_add_page(&io->bio, page, META_BYTES,
					       row->offset));
	memset(page_address(page) + row->offset, 0x77, META_BYTES);
	KUNIT_EXPECT_EQ(test, 0, test_io_run(test, io));
	KUNIT_EXPECT_EQ(test, row->bounced,
			test_disk_counter(td, BLK_INTEGRITY_BOUNCED));
	if (row->bounced)
		KUNIT_EXPECT_EQ(test, 0, td->sgl[0].offset & row->dma_alignment);
	KUNIT_EXPECT_EQ(test, 0x77, td->meta[FIRST * 8]);
}

#if IS_BUILTIN(CONFIG_SCSI)

/* A driver counted fewer segments than there are. */
static void unmapped_metadata_fails_the_command(struct kunit *test)
{
	struct test_disk *td = disk_of(test);
	struct request *rq = test_request_alloc(test, td, REQ_OP_READ, FIRST);
	struct test_io *io = test_io_alloc(test, td->bdev, test_rng(test),
					   REQ_OP_READ, FIRST, SZ_4K,
					   TEST_CUT_NONE);
	struct scsi_data_buffer *prot = kunit_kzalloc(test, sizeof(*prot),
						      GFP_KERNEL);
	struct scatterlist *sgl = kunit_kcalloc(test, 16, sizeof(*sgl),
						GFP_KERNEL);
	struct scsi_device *sdev = kunit_kzalloc(test, sizeof(*sdev),
						 GFP_KERNEL);
	struct scsi_cmnd *cmd = blk_mq_rq_to_pdu(rq);

	KUNIT_ASSERT_NOT_NULL(test, prot);
	KUNIT_ASSERT_NOT_NULL(test, sgl);
	KUNIT_ASSERT_NOT_NULL(test, sdev);
	test_io_attach(test, io, test_vecs_alloc(test, test_rng(test), META_BYTES,
						 TEST_CUT_BYTE), FIRST);
	test_request_add(rq, io);
	KUNIT_ASSERT_GT(test, rq->nr_integrity_segments, 2);
	rq->nr_phys_segments = 8;
	memset(cmd, 0, sizeof(*cmd));
	cmd->device = sdev;
	cmd->prot_sdb = prot;

	cmd->sdb.table.sgl = sgl;
	prot->table.sgl = sgl + 8;
	KUNIT_EXPECT_EQ(test, 0, blk_status_to_errno(scsi_alloc_sgtables(cmd)));
	scsi_free_sgtables(cmd);

	cmd->sdb.table.sgl = sgl;
	prot->table.sgl = sgl + 8;
	rq->nr_integrity_segments--;
	KUNIT_EXPECT_EQ(test, -EIO, blk_status_to_errno(scsi_alloc_sgtables(cmd)));
}

#else

static void unmapped_metadata_fails_the_command(struct kunit *test)
{
	kunit_skip(test, "needs SCSI");
}

#endif /* CONFIG_SCSI */

struct flush_case {
	const char *desc;
	blk_opf_t opf;
	bool fua;
};

static const struct flush_case flush_cases[] = {
	{ "a plain write", 0, false },
	{ "FUA that the device does", REQ_FUA, true },
	{ "FUA done by a flush", REQ_FUA, false },
	{ "a flush before", REQ_PREFLUSH, true },
	{ "a flush before and after", REQ_PREFLUSH | REQ_FUA, false },
};

KUNIT_ARRAY_PARAM_DESC(flush_cases, flush_cases, desc);

/*
 * The data of a flush sequence completes twice: by itself, and with the
 * sequence.
 */
static void error_counts_once(struct kunit *test)
{
	const struct flush_case *row = test->param_value;
	struct queue_limits lim =
		test_disk_limits(test_geometry(CRC, REF_TAG, 8, 0, 9));
	struct test_disk *td;
	struct test_io *io;

	lim.features |= BLK_FEAT_WRITE_CACHE;
	if (row->fua)
		lim.features |= BLK_FEAT_FUA;
	td = test_disk_alloc(test, lim);
	td->status = BLK_STS_PROTECTION;
	io = test_io_filled(test, td, REQ_OP_WRITE | row->opf, FIRST, INTERVALS);
	KUNIT_EXPECT_EQ(test, -EILSEQ, test_io_run(test, io));
	KUNIT_EXPECT_EQ(test, 1, test_disk_counter(td,
						   BLK_INTEGRITY_DEVICE_ERRORS));
}

static struct kunit_case requests_cases[] = {
	KUNIT_CASE(flag_without_payload),
	KUNIT_CASE(copied_metadata_outlives_its_source),
	KUNIT_CASE_PARAM(metadata_is_aligned_as_the_device_asks,
			 alignment_cases_gen_params),
	KUNIT_CASE(unmapped_metadata_fails_the_command),
	KUNIT_CASE_PARAM(error_counts_once, flush_cases_gen_params),
	{ }
};

static struct kunit_suite requests_suite = {
	.name		= "integrity_requests",
	.test_cases	= requests_cases,
};

kunit_test_suite(requests_suite);

MODULE_DESCRIPTION("KUnit tests of what drivers do with bios and requests");
MODULE_LICENSE("GPL");
