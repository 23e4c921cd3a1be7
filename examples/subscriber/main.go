// Subscriber prints the objects of every vehicle as they are published. It needs nothing but NATS and the messages:
//
//	NATS_URL=nats://127.0.0.1:4222 go run ./examples/subscriber
package main

import (
	"cmp"
	"context"
	"fmt"
	"log"
	"math"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	fusionv1 "github.com/fusiond/fusiond/proto/fusion/v1"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	conn, err := nats.Connect(cmp.Or(os.Getenv("NATS_URL"), nats.DefaultURL), nats.Name("subscriber"), nats.MaxReconnects(-1))
	if err != nil {
		log.Fatalf("connect: %v: is the server running, and NATS_URL right?", err)
	}
	defer conn.Close()
	if _, err := conn.Subscribe("av.*.objects", show); err != nil {
		log.Fatalf("subscribe: %v", err)
	}
	<-ctx.Done()
}

func show(m *nats.Msg) {
	var list fusionv1.ObjectList
	if err := proto.Unmarshal(m.Data, &list); err != nil {
		log.Printf("%s: %v", m.Subject, err)
		return
	}
	stamp := time.Unix(0, list.GetHeader().GetStamp()).UTC().Format("15:04:05.000")
	fmt.Printf("%s  set %d  %s  %d objects\n", stamp, list.GetSetId(), list.GetMode(), len(list.GetObjects()))
	for _, o := range list.GetObjects() {
		var top *fusionv1.SensorShare // the sensor that the object rests on most
		for _, s := range o.GetShares() {
			if s.GetShare() > top.GetShare() {
				top = s
			}
		}
		at, v := o.GetCenter(), o.GetVelocity()
		fmt.Printf("  %5d  %-20s %.2f  x %6.1f  y %6.1f m  %5.1f m/s  %s %.0f %%\n", o.GetId(), o.GetClass(), o.GetScore(),
			at.GetX(), at.GetY(), math.Hypot(v.GetX(), v.GetY()), top.GetSensor(), 100*top.GetShare())
	}
}
