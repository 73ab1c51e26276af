package ledger

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
)

// bbolt follows page numbers without a look at where they lead: one flipped bit in a page sends it round in circles for ever, or into memory
// that is not the file's, which no recover can catch; one in an element makes a row look as if it had never been there. So the way to every
// page is gone once, from outside, before bbolt goes it, and keys have to be in order. Values are not looked at: each has its checksum.
//
// The layout is that of bbolt's file version 2, in the byte order of the machine.
const (
	pageHeader  = 16 // number, flags, count, how many pages more
	pageElement = 16
	metaSize    = 64
	metaMagic   = 0xED0CDAED
	metaVersion = 2

	branchPage   = 0x01
	leafPage     = 0x02
	freelistPage = 0x10
	bucketLeaf   = 0x01
)

var native = binary.NativeEndian

var errPage = errors.New("its pages do not fit together")

// pages is a database file on the way through its tree.
type pages struct {
	file *os.File
	size int64  // of a page
	end  uint64 // the first page that is not in use
	seen []bool
	leaf []byte // for leaf pages, one after the other
}

// checkPages goes from the newest meta page to every page that can be reached from it.
func checkPages(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	size := int64(os.Getpagesize())
	meta, err := newestMeta(file, size)
	if err != nil {
		return err
	}
	p := &pages{file: file, size: size, end: native.Uint64(meta[40:])}
	if p.end < 3 || p.end > uint64(info.Size()/size) {
		return fmt.Errorf("%w: its end is missing", errPage)
	}
	p.seen, p.leaf = make([]bool, p.end), make([]byte, size)
	if err := p.tree(native.Uint64(meta[16:]), true); err != nil {
		return err
	}
	return p.freelist(native.Uint64(meta[32:]))
}

// newestMeta is the meta page that bbolt goes by: the newer one that is whole.
func newestMeta(file *os.File, pageSize int64) (newest []byte, err error) {
	for i := range int64(2) {
		meta := make([]byte, metaSize)
		if _, err := file.ReadAt(meta, i*pageSize+pageHeader); err != nil {
			return nil, err
		}
		sum := fnv.New64a()
		sum.Write(meta[:56])
		whole := native.Uint32(meta) == metaMagic && native.Uint32(meta[4:]) == metaVersion && sum.Sum64() == native.Uint64(meta[56:])
		if whole && int64(native.Uint32(meta[8:])) != pageSize {
			return nil, fmt.Errorf("it was made on a machine with pages of %d bytes, here they have %d", native.Uint32(meta[8:]), pageSize)
		}
		if whole && (newest == nil || native.Uint64(meta[48:]) > native.Uint64(newest[48:])) {
			newest = meta
		}
	}
	if newest == nil {
		return nil, fmt.Errorf("%w: neither of its two heads is whole", errPage)
	}
	return newest, nil
}

// visit takes note of a page, which nothing else may have led to, and reads its header.
func (p *pages) visit(id uint64) (flags uint16, count int, length int64, err error) {
	fault := fmt.Errorf("%w (page %d)", errPage, id)
	if id < 2 || id >= p.end {
		return 0, 0, 0, fault
	}
	var header [pageHeader]byte
	if _, err := p.file.ReadAt(header[:], int64(id)*p.size); err != nil {
		return 0, 0, 0, err
	}
	more := uint64(native.Uint32(header[12:]))
	if native.Uint64(header[:]) != id || id+more >= p.end {
		return 0, 0, 0, fault
	}
	for i := id; i <= id+more; i++ {
		if p.seen[i] {
			return 0, 0, 0, fault
		}
		p.seen[i] = true
	}
	return native.Uint16(header[8:]), int(native.Uint16(header[10:])), int64(more+1) * p.size, nil
}

// tree goes through a bucket from its root; the values of the topmost bucket are buckets.
func (p *pages) tree(id uint64, top bool) error {
	flags, count, length, err := p.visit(id)
	if err != nil {
		return err
	}
	fault := fmt.Errorf("%w (page %d)", errPage, id)
	if flags != branchPage && flags != leafPage || pageHeader+pageElement*int64(count) > length {
		return fault
	}
	if flags == branchPage && count == 0 {
		return fault
	}
	page, err := p.read(id, length, flags == leafPage && !top)
	if err != nil {
		return err
	}
	if flags == leafPage && !top {
		return elements(page, count, fault)
	}
	for i := range count {
		at := pageHeader + pageElement*i
		element := page[at:]
		if flags == branchPage {
			if !within(page, at, native.Uint32(element), native.Uint32(element[4:]), 0) {
				return fault
			}
			err = p.tree(native.Uint64(element[8:]), top)
		} else {
			err = p.bucket(page, at, fault)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// read gives a page; one that is only looked at once shares its memory with others like it.
func (p *pages) read(id uint64, length int64, shared bool) (page []byte, err error) {
	if shared && length <= int64(cap(p.leaf)) {
		page = p.leaf[:length]
	} else {
		page = make([]byte, length)
	}
	_, err = p.file.ReadAt(page, int64(id)*p.size)
	return page, err
}

// elements looks at the elements of a leaf page that is no bucket's: plain ones, within the page, their keys ascending.
func elements(page []byte, count int, fault error) error {
	var last []byte
	for i := range count {
		at := pageHeader + pageElement*i
		element := page[at:]
		pos, key, value := native.Uint32(element[4:]), native.Uint32(element[8:]), native.Uint32(element[12:])
		if native.Uint32(element) != 0 || !within(page, at, pos, key, value) {
			return fault
		}
		this := page[uint32(at)+pos:][:key]
		if i > 0 && bytes.Compare(last, this) >= 0 {
			return fault
		}
		last = this
	}
	return nil
}

// within reports whether key and value of the element at that place of a page lie in the page.
func within(page []byte, at int, pos, key, value uint32) bool {
	return uint64(at)+uint64(pos)+uint64(key)+uint64(value) <= uint64(len(page))
}

// bucket follows an element of the topmost bucket.
func (p *pages) bucket(page []byte, at int, fault error) error {
	element := page[at:]
	pos, key, value := native.Uint32(element[4:]), native.Uint32(element[8:]), native.Uint32(element[12:])
	if native.Uint32(element) != bucketLeaf || value < 16 || !within(page, at, pos, key, value) {
		return fault
	}
	content := page[uint32(at)+pos+key:][:value]
	if root := native.Uint64(content); root != 0 {
		return p.tree(root, false)
	}
	return inline(content[16:], fault)
}

// inline looks at a small bucket, which is a leaf page within its value.
func inline(page []byte, fault error) error {
	if len(page) < pageHeader || native.Uint16(page[8:]) != leafPage {
		return fault
	}
	count := int(native.Uint16(page[10:]))
	if pageHeader+pageElement*count > len(page) {
		return fault
	}
	return elements(page, count, fault)
}

// freelist looks at the list of pages that may be written over: none of them may be in use.
func (p *pages) freelist(id uint64) error {
	flags, count, length, err := p.visit(id)
	if err != nil {
		return err
	}
	fault := fmt.Errorf("%w (page %d)", errPage, id)
	if flags != freelistPage {
		return fault
	}
	page, err := p.read(id, length, false)
	if err != nil {
		return err
	}
	list := page[pageHeader:]
	free := uint64(count)
	if count == 0xFFFF {
		free, list = native.Uint64(list), list[8:]
	}
	if free > uint64(len(list)/8) {
		return fault
	}
	for i := range free {
		n := native.Uint64(list[8*i:])
		if n < 2 || n >= p.end || p.seen[n] {
			return fault
		}
		p.seen[n] = true
	}
	return nil
}
