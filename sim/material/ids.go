package material

// The materials. None, the zero ID, is a mid grey.
const (
	None ID = iota

	AsphaltNew
	AsphaltWorn
	AsphaltPatch
	PaintLine
	PaintLineYellow
	ConcreteRoad
	Paving
	PavingRed
	Kerb
	Gravel
	Earth
	Grass
	GrassDry
	Snow
	Manhole

	Brick
	BrickYellow
	BrickDark
	RenderWhite
	RenderCream
	RenderOchre
	RenderGrey
	RenderRed
	RenderGreen
	RenderBlue
	Concrete
	FacadeCream
	FacadeGrey
	FacadeBrick
	FacadeOffice
	WindowPane
	WindowLit
	WindowFrame
	Wood
	DoorGreen
	RoofTile
	RoofSlate

	Steel
	SteelDark
	PoleGreen
	PlasticGrey
	PlasticGreen
	PlasticBlue
	PlasticYellow
	HydrantRed
	LampGlass
	LampLit
	SignalRed
	SignalAmber
	SignalGreen
	SignalOff

	SignWhite
	SignRed
	SignBlue
	SignGreen
	SignYellow
	SignBack
	ConeOrange
	ConeBand
	ConeBase
	BarrierStripe
	BarrierConcrete
	BarrierOrange
	BarrierWhite

	CarWhite
	CarBlack
	CarGrey
	CarSilver
	CarBlue
	CarRed
	CarGreen
	CarBeige
	CarBrown
	CarOrange
	CarYellow
	TarpBlue
	TarpRed
	TarpGrey
	TarpGreen
	ContainerRust
	MachineYellow
	MachineOrange
	Glass
	GlassDark
	Interior
	Tyre
	Rim
	PlasticBlack
	Underbody
	Chrome
	HeadLamp
	TailLamp
	Indicator
	PlateWhite
	PlateYellow
	TapeRedWhite

	SkinLight
	SkinMid
	SkinDark
	HairDark
	HairFair
	HairGrey
	ClothBlack
	ClothWhite
	ClothGrey
	ClothNavy
	ClothJeans
	ClothRed
	ClothGreen
	ClothBeige
	ClothBrown
	ClothYellow
	HighVisibility
	Leather
	Helmet

	Leaves
	LeavesLight
	LeavesDark
	LeavesAutumn
	Bark
	BarkBirch

	// Count is the number of materials.
	Count
)
