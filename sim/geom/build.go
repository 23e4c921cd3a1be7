package geom

// The hierarchy is a binary tree of boxes over items (triangles or instances), built from the top by the surface-area heuristic
// over bins: a cut is as good as it makes (area of a side) * (items in it) small, summed over both sides.
// Method: I. Wald, On fast Construction of SAH-based Bounding Volume Hierarchies, IEEE Symposium on Interactive Ray Tracing 2007.

const (
	bins = 16
	// leafMost is the most items of a leaf; 16 fit in its reference.
	leafMost = 4
	// Costs of going through a node, in triangle tests: measured on the benchmark of this package, flat between 1 and 2.
	nodeCost = 1.2
	// From this depth on items are halved, which bounds the depth to deepSplit + 22 for four million items; see stackSize.
	deepSplit = 26
	stackSize = 50
	itemsMost = 1 << 22
)

// node holds the boxes of its two children, so that one line of cache decides about both.
type node struct {
	lo, hi [2]Vec
	child  [2]uint32 // a ref
	_      [2]uint32 // fills the line
}

// A ref is the index of a node or, with leafBit, 27 bits of first item and 4 bits of count - 1.
const leafBit = 1 << 31

func leafRef(first, count int) uint32 { return leafBit | uint32(first)<<4 | uint32(count-1) }

func leafItems(ref uint32) (first, end uint32) {
	first = ref &^ leafBit >> 4
	return first, first + ref&15 + 1
}

// tree is a hierarchy: nodes[0] is the root, order the items in the order of the leaves. Without items it has no nodes.
type tree struct {
	nodes []node
	order []uint32
	box   Box
}

// builder keeps what building needs, so that a scene's top level is rebuilt without garbage.
type builder struct {
	tree
	boxes   []Box
	centres []Vec
}

// build makes the tree over b.boxes.
func (b *builder) build() {
	n := len(b.boxes)
	if n > itemsMost {
		panic("geom: more than four million items in a hierarchy: divide the mesh")
	}
	if cap(b.order) < n {
		b.nodes, b.order, b.centres = make([]node, 0, n), make([]uint32, 0, n), make([]Vec, 0, n)
	}
	b.nodes, b.order, b.centres, b.box = b.nodes[:0], b.order[:0], b.centres[:0], Nothing()
	for i, box := range b.boxes {
		b.order = append(b.order, uint32(i))
		b.centres = append(b.centres, box.Centre())
		b.box.Join(box)
	}
	if n == 0 {
		return
	}
	if root := b.split(0, n, b.box, 0); root&leafBit != 0 {
		// A root must be a node: one child is the leaf, the other an empty box.
		none := Nothing()
		b.nodes = append(b.nodes, node{
			lo: [2]Vec{b.box.Lo, none.Lo}, hi: [2]Vec{b.box.Hi, none.Hi}, child: [2]uint32{root, root},
		})
	}
}

// split makes the subtree over order[first:end], whose box is box, and returns its ref.
func (b *builder) split(first, end int, box Box, depth int) uint32 {
	count := end - first
	if count == 1 {
		return leafRef(first, 1)
	}
	middle := -1
	if depth < deepSplit {
		cut, ok := b.bestCut(first, end)
		if leafCost := float32(count) * box.area(); count <= leafMost && (!ok || cut.cost+nodeCost*box.area() >= leafCost) {
			return leafRef(first, count)
		}
		if ok {
			middle = b.partition(first, end, cut)
		}
	} else if count <= leafMost {
		return leafRef(first, count)
	}
	if middle <= first || middle >= end {
		middle = b.halve(first, end)
	}
	left, right := Nothing(), Nothing()
	for _, i := range b.order[first:middle] {
		left.Join(b.boxes[i])
	}
	for _, i := range b.order[middle:end] {
		right.Join(b.boxes[i])
	}
	at := len(b.nodes)
	b.nodes = append(b.nodes, node{lo: [2]Vec{left.Lo, right.Lo}, hi: [2]Vec{left.Hi, right.Hi}})
	l := b.split(first, middle, left, depth+1)
	r := b.split(middle, end, right, depth+1)
	b.nodes[at].child = [2]uint32{l, r}
	return uint32(at)
}

// cut sends the items whose centre is in a bin below bin to the left.
type cut struct {
	axis, bin  int
	low, scale float32
	cost       float32
}

func (c cut) binOf(centre Vec) int {
	return min(bins-1, int((centre[c.axis]-c.low)*c.scale))
}

// bestCut returns the cheapest cut; none when all centres coincide.
func (b *builder) bestCut(first, end int) (cut, bool) {
	span := Nothing()
	for _, i := range b.order[first:end] {
		span.Grow(b.centres[i])
	}
	best, found := cut{}, false
	for axis := range 3 {
		width := span.Hi[axis] - span.Lo[axis]
		if width < tiny { // the scale must stay finite
			continue
		}
		c := cut{axis: axis, low: span.Lo[axis], scale: bins * (1 - 1e-6) / width}
		var boxes [bins]Box
		var counts [bins]int
		for k := range boxes {
			boxes[k] = Nothing()
		}
		for _, i := range b.order[first:end] {
			k := c.binOf(b.centres[i])
			boxes[k].Join(b.boxes[i])
			counts[k]++
		}
		var left [bins]float32 // cost of the bins below k
		side, n := Nothing(), 0
		for k := 1; k < bins; k++ {
			side.Join(boxes[k-1])
			n += counts[k-1]
			left[k] = side.area() * float32(n)
		}
		side, n = Nothing(), 0
		for k := bins - 1; k > 0; k-- {
			side.Join(boxes[k])
			n += counts[k]
			if n == 0 || n == end-first {
				continue
			}
			if cost := left[k] + side.area()*float32(n); !found || cost < best.cost {
				best, found = c, true
				best.bin, best.cost = k, cost
			}
		}
	}
	return best, found
}

// partition moves the items left of the cut to the front and returns where the others begin.
func (b *builder) partition(first, end int, c cut) int {
	i := first
	for j := first; j < end; j++ {
		if c.binOf(b.centres[b.order[j]]) < c.bin {
			b.order[i], b.order[j] = b.order[j], b.order[i]
			i++
		}
	}
	return i
}

// halve cuts by count alone: for coincident centres and at great depth, where only the bound of the depth matters.
func (b *builder) halve(first, end int) int { return (first + end) / 2 }
