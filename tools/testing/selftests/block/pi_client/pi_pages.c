// SPDX-License-Identifier: GPL-2.0
/*
 * Metadata in pages of the submitter, cut in a way that no device accepts, and
 * numbered from the position of the bio on its device.
 */

#include <linux/slab.h>

#include "pi_client.h"

/* Not a multiple of most metadata areas, and each piece in a separate page. */
#define PIECE_BYTES	1000
#define PIECE_OFFSET	8

static int add_pieces(struct pi_io *io, unsigned int bytes)
{
	for (; bytes; io->nr_pages++) {
		unsigned int len = min(bytes, PIECE_BYTES);
		struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO);

		if (!page)
			return pi_fail(&io->result, -ENOMEM, "for metadata");
		io->pages[io->nr_pages] = page;
		if (bio_integrity_add_page(io->bio, page, len, PIECE_OFFSET) != len) {
			__free_page(page);
			return pi_fail(&io->result, -EINVAL,
				       "in bio_integrity_add_page");
		}
		bytes -= len;
	}
	return 0;
}

/**
 * pi_pages_attach() - attach metadata in pages
 * @io: bio without metadata
 *
 * Return: 1; 0 if the device has no metadata; or a negative errno.
 */
int pi_pages_attach(struct pi_io *io)
{
	struct blk_integrity *bi = bdev_get_integrity(io->bio->bi_bdev);
	struct bio_integrity_payload *bip;
	unsigned int bytes, pieces;
	int err;

	if (!bi)
		return 0;
	bytes = bio_integrity_bytes(bi, bio_sectors(io->bio));
	pieces = DIV_ROUND_UP(bytes, PIECE_BYTES);
	io->pages = kcalloc(pieces, sizeof(*io->pages), GFP_KERNEL);
	if (!io->pages)
		return pi_fail(&io->result, -ENOMEM, "for metadata");

	bip = bio_integrity_alloc(io->bio, GFP_KERNEL, pieces);
	if (IS_ERR(bip))
		return pi_fail(&io->result, PTR_ERR(bip), "in bio_integrity_alloc");
	bip_set_seed(bip, io->block * PI_BLOCK_BYTES >> bi->interval_exp);
	err = add_pieces(io, bytes);
	if (err)
		return err;
	io->pages_iter = bip->bip_iter;
	return 1;
}

/**
 * pi_pages_ended() - rewind the payload to all of the metadata
 * @io: completed bio, whose iterator is at the end
 */
void pi_pages_ended(struct pi_io *io)
{
	if (io->pages && bio_integrity(io->bio))
		bio_integrity(io->bio)->bip_iter = io->pages_iter;
}

/**
 * pi_pages_free() - free the pages
 * @io: its bio is freed
 */
void pi_pages_free(struct pi_io *io)
{
	while (io->nr_pages)
		__free_page(io->pages[--io->nr_pages]);
	kfree(io->pages);
}
