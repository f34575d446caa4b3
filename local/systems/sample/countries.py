"""The countries of the sample: names, towns, streets, telephones and legal forms, enough to look like life.

A pattern is a template and how many numbers fit into it: `("10%03d", 1000)`. E-mail domains end in
`.example`, which nobody owns.
"""

from __future__ import annotations

from dataclasses import dataclass

Pattern = tuple[str, int]
Town = tuple[str, str, Pattern]
"""City, state or region, postal codes."""


@dataclass(frozen=True)
class Country:
    name: str
    given: tuple[str, ...]
    family: tuple[str, ...]
    towns: tuple[Town, ...]
    streets: tuple[str, ...]
    phone: Pattern
    forms: tuple[str, ...]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _listed(text: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in text.split(";"))


UNITED_STATES = Country(
    "United States",
    _words(
        "James Mary Robert Patricia Michael Linda David Elizabeth Jamal Aaliyah Carlos "
        "Keisha Ethan Grace Tyler Mei"
    ),
    _words(
        "Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Nguyen O'Brien "
        "Washington Lee Kowalski Clark"
    ),
    (
        ("Boston", "MA", ("021%02d", 100)),
        ("Austin", "TX", ("787%02d", 100)),
        ("Portland", "OR", ("972%02d", 100)),
        ("Saint Paul", "MN", ("551%02d", 100)),
        ("Albuquerque", "NM", ("871%02d", 100)),
    ),
    _listed(
        "%d Main Street; %d Oak Avenue; %d Martin Luther King Jr. Blvd; %d Wetmore Ave., "
        "Suite 9B; %d County Road 12"
    ),
    ("(612) 555-01%02d", 100),
    _listed("Inc.; LLC; Corp.; , Inc.; Co."),
)
UNITED_KINGDOM = Country(
    "United Kingdom",
    _words(
        "Oliver Amelia Harry Isla George Ava Rhys Niamh Callum Priya Mohammed Zara Fiona "
        "Alistair Siobhan Gareth"
    ),
    _words(
        "Taylor Davies Evans Thomas Roberts Walker Wright Patel Khan MacDonald "
        "Fitzgerald Ahmed Hughes Ap-Rhys Bell"
    ),
    (
        ("London", "Greater London", ("SW1A %dAA", 10)),
        ("Leeds", "West Yorkshire", ("LS%d 4DY", 30)),
        ("Cardiff", "South Glamorgan", ("CF10 %dEP", 10)),
        ("Stow-on-the-Wold", "Gloucestershire", ("GL54 %dBN", 10)),
    ),
    _listed("%d High Street; Unit %d, Riverside Park; %d St John's Road; Flat %d, The Old Mill"),
    ("+44 20 7946 0%03d", 1000),
    _listed("Ltd; plc; LLP; & Sons Ltd"),
)
GERMANY = Country(
    "Germany",
    _words(
        "Anna Lukas Jürgen Käthe Björn Sabine Jörg Ursula Maximilian Leonie Mehmet Ayşe "
        "Günther Heike Felix Frauke"
    ),
    _words(
        "Müller Schmidt Schneider Weiß Groß Schäfer Krüger Böhm Y\u0131lmaz Köhler Vogt "
        "Lindner Süß Hoffmann-Lang Jäger"
    ),
    (
        ("Berlin", "Berlin", ("10%03d", 1000)),
        ("München", "Bayern", ("80%03d", 1000)),
        ("Köln", "Nordrhein-Westfalen", ("50%03d", 1000)),
        ("Weißenfels", "Sachsen-Anhalt", ("06%03d", 1000)),
    ),
    _listed("Hauptstraße %d; Königsallee %d; Am Alten Markt %d; Straße des 17. Juni %d; Gewerbering %d"),
    ("+49 30 %07d", 10_000_000),
    _listed("GmbH; AG; KG; GmbH & Co. KG; e. V."),
)
FRANCE = Country(
    "France",
    _words(
        "Camille Léa Hugo Chloé Théo Inès Gaël Anaïs Jean-Luc Noémie François Zoé Éric Maëlys Amélie Benoît"
    ),
    _words(
        "Martin Bernard Dubois Lefèvre Moreau Girard Benoît Noël Traoré d'Aubigné "
        "Le-Gall Périer Gauthier Roussel"
    ),
    (
        ("Paris", "Île-de-France", ("750%02d", 20)),
        ("Orléans", "Centre-Val de Loire", ("45%03d", 1000)),
        ("Saint-Étienne", "Auvergne-Rhône-Alpes", ("42%03d", 1000)),
    ),
    _listed("%d rue de l'Église; %d, avenue Victor-Hugo; %d bis, boulevard Voltaire; ZA des Prés, lot %d"),
    ("+33 1 %08d", 100_000_000),
    _listed("SARL; SA; SAS; et Fils"),
)
POLAND = Country(
    "Poland",
    _words("Agnieszka Paweł Małgorzata Łukasz Zofia Wojciech Świętosława Michał Żaneta Grzegorz Ewa Jan"),
    _words("Kowalski Wiśniewska Wójcik Kamiński Zieliński Szymańska Dąbrowski Kozłowska Jabłoński Łuczak"),
    (
        ("Łódź", "łódzkie", ("90-%03d", 1000)),
        ("Kraków", "małopolskie", ("30-%03d", 1000)),
        ("Gdańsk", "pomorskie", ("80-%03d", 1000)),
    ),
    _listed("ul. Piotrkowska %d; ul. Świętego Jana %d; al. Jerozolimskie %d; pl. Wolności %d"),
    ("+48 22 %07d", 10_000_000),
    _listed("sp. z o.o.; S.A.; i Wspólnicy"),
)
BRAZIL = Country(
    "Brazil",
    _words("João Mariana Antônio Beatriz Luís Conceição Thiago Letícia Sebastião Aparecida Caio Íris"),
    _words("Silva Souza Gonçalves Araújo Conceição Guimarães Simões Magalhães Brandão Cândido"),
    (
        ("São Paulo", "SP", ("01%03d-000", 1000)),
        ("Belém", "PA", ("66%03d-000", 1000)),
        ("Goiânia", "GO", ("74%03d-000", 1000)),
    ),
    _listed("Rua Augusta, %d; Av. São João, %d; Praça da Sé, %d, sala 12; Travessa Frei Caneca, %d"),
    ("+55 11 9%08d", 100_000_000),
    _listed("Ltda.; S/A; & Filhos; ME"),
)
JAPAN = Country(
    "Japan",
    _words("太郎 花子 健一 陽子 翔 さくら 直樹 美咲 大輔 結衣 Haruki Yuki"),
    _words("佐藤 鈴木 高橋 田中 渡辺 伊藤 山本 中村 髙橋 𠮷田 Tanaka Watanabe"),
    (
        ("東京都千代田区", "東京都", ("100-%04d", 10_000)),
        ("大阪市北区", "大阪府", ("530-%04d", 10_000)),
        ("Sapporo", "Hokkaidō", ("060-%04d", 10_000)),
    ),
    _listed("丸の内%d丁目1-1; 本町%d-5; %d-chōme Kita"),
    ("+81 3-%04d-0100", 10_000),
    _listed("株式会社; K.K.; 合同会社"),
)
INDIA = Country(
    "India",
    _words("Aarav Diya Vivaan Ananya Rohan Lakshmi Arjun Meera Sanjay Fatima Deepak Kavya"),
    _words("Sharma Patel Iyer Reddy Singh Khan Nair Chatterjee Venkataraghavan Das Bose"),
    (
        ("Mumbai", "Maharashtra", ("400%03d", 1000)),
        ("Bengaluru", "Karnataka", ("560%03d", 1000)),
        ("Kolkata", "West Bengal", ("700%03d", 1000)),
    ),
    _listed("%d, M. G. Road; Plot No. %d, Sector 18; %d/4 Park Street; Shop %d, Gandhi Nagar"),
    ("+91 98%08d", 100_000_000),
    _listed("Pvt. Ltd.; Limited; & Bros."),
)
COUNTRIES = (UNITED_STATES, UNITED_KINGDOM, GERMANY, FRANCE, POLAND, BRAZIL, JAPAN, INDIA)
WEIGHTS = (40, 15, 14, 9, 6, 6, 5, 5)

TRADES = _listed(
    "Logistics; Health; Foods; Robotics; Insurance; Training; Print; Energy; "
    "Software; Textiles; Travel; Optics; "
    "Timber; Dental; Analytics; Bakery; Marine; Legal; Steel; Media"
)
BRANDS = _words(
    "Northwind Alder Halcyon Brightwater Kestrel Juniper Meridian Ironbridge Saffron "
    "Lumen Tern Quarry Bluebell Osprey "
    "Granite Willow Cobalt Harbour Summit Larkspur"
)
TITLES = _listed(
    "Head of Learning; HR Manager; Chief Executive; Training Coordinator; Office "
    "Manager; Engineer; Buyer; Director; "
    "Team Lead, Operations; VP, People & Culture; Apprentice; Accountant; Nurse; Safety Officer"
)
INDUSTRIES = _listed(
    "Technology; Healthcare; Manufacturing; Education; Finance; Retail; "
    "Transportation; Energy; Government; Consulting"
)
SOURCES = _listed("Web; Phone Inquiry; Partner Referral; Purchased List; Other")
RATINGS = _listed("Hot; Warm; Cold")
