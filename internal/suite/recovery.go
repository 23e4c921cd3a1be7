package suite

import "github.com/fusiond/fusiond/eval"

// recovered is the share of the undisturbed drives' recall that counts as being back.
const recovered = 0.95

// recovery compares the recall set by set with that of the undisturbed drives.
func (c *scorer) recovery(p *part, out *Part) error {
	clean := p.tests[0]
	_, undisturbed, err := c.runner.samples(clean, clean.full)
	if err != nil {
		return err
	}
	for _, t := range p.tests {
		if t.Group != Recovery {
			continue
		}
		_, frames, err := c.runner.samples(t, t.full)
		if err != nil {
			return err
		}
		out.Recovery = append(out.Recovery, recoveryOf(t, frames, undisturbed))
	}
	return nil
}

// recoveryOf pools the n-th sets of all drives, counted from the loss on: all drives have the same rate.
func recoveryOf(t *test, frames, undisturbed [][]frame) RecoveryResult {
	r := RecoveryResult{Sensors: t.Name, Setting: t.Setting, Sets: Undefined}
	const die, back = int64(dieMs * 1e6), int64(returnMs * 1e6)
	for n := 0; ; n++ {
		var with, without eval.Found
		since, drives := int64(0), 0
		for d := range frames {
			after := afterLoss(frames[d], undisturbed[d], die)
			if n >= len(after) {
				continue
			}
			drives++
			since = after[n].since
			with.Found += after[n].with.Found
			with.Objects += after[n].with.Objects
			without.Found += after[n].without.Found
			without.Objects += after[n].without.Objects
		}
		if drives == 0 {
			return r
		}
		now, before := recall(with), recall(without)
		r.Recall, r.Undisturbed = append(r.Recall, now), append(r.Undisturbed, before)
		if since < back {
			r.Lost++
			continue
		}
		if !r.Sets.Known() && (now >= recovered*before || !before.Known()) {
			r.Sets = Number(r.SetsSeen)
		}
		r.SetsSeen++
	}
}

// lossFrame is a moment after the loss, on both drives.
type lossFrame struct {
	since         int64 // the drive's beginning, ns
	with, without eval.Found
}

// afterLoss pairs the moments of a drive from the loss on with those of the undisturbed drive.
func afterLoss(frames, undisturbed []frame, die int64) (out []lossFrame) {
	by := map[int64]eval.Found{}
	for _, f := range undisturbed {
		by[f.Stamp] = f.Tracked
	}
	for _, f := range frames {
		if without, ok := by[f.Stamp]; ok && f.Since > die {
			out = append(out, lossFrame{f.Since, f.Tracked, without})
		}
	}
	return out
}

func recall(f eval.Found) Number {
	if f.Objects == 0 {
		return Undefined
	}
	return Number(f.Found) / Number(f.Objects)
}
