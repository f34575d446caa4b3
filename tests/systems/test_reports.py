"""Report exports as people have them: any encoding and delimiter, each bad line named, the others loaded."""

from __future__ import annotations

import pytest

from local.systems.reports import read_report, read_reports
from local.systems.sheet import BadSheet, read_sheet


def accepted(name, row):
    return None


@pytest.fixture
def file(tmp_path):
    def write(text, name="report.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path

    return write


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_report_is_read_in_every_usual_encoding_and_delimiter(file, encoding, delimiter):
    text = f'Account Name{delimiter}Billing City\r\n"Müller{delimiter} Söhne"{delimiter}Köln\r\n'
    (row,) = read_report(file(text, encoding=encoding), "Account", accepted).rows
    assert (row["Name"], row["BillingCity"]) == (f"Müller{delimiter} Söhne", "Köln")


def test_columns_go_by_label_or_api_name_in_any_case(file):
    header = (
        "ACCOUNT NAME,billingcity,Billing State/Province,Billing Zip/Postal Code,employees,Account Number,"
    )
    (row,) = read_report(file(f"{header}Phone\nAcme,Oslo,OS,0150,1200,A-1,1\n"), "Account", accepted).rows
    assert row | {"Id": ""} == {
        "Id": "",
        "Name": "Acme",
        "BillingCity": "Oslo",
        "BillingState": "OS",
        "BillingPostalCode": "0150",
        "NumberOfEmployees": 1200,
        "AccountNumber": "A-1",
        "Phone": "1",
    }


def test_unknown_columns_are_told_and_the_rest_is_loaded(file):
    report = read_report(file("Account Name,Shoe Size,Created Date\nAcme,46,1/2/2026\n"), "Account", accepted)
    assert report.unknown == ["Shoe Size", "Created Date"]
    assert report.rows[0].keys() == {"Id", "Name"}
    assert report.told()[0].endswith("report.csv:1: column not loaded: Shoe Size")


def test_an_empty_cell_is_no_value(file):
    (row,) = read_report(file("Name,Phone\nAcme, \n"), "Account", accepted).rows
    assert "Phone" not in row


def test_bad_lines_are_named_with_the_reason_and_the_others_loaded(file):
    text = (
        "Account ID,Account Name,Employees\n"
        "001000000000001,One,1\n"
        '001000000000002,"Two\nlines",2\n'
        "003000000000003,Three,3\n"
        "001000000000004,Four\n"
        "001000000000001,Five,5\n"
        "001000000000006,Six,many\n"
        "001000000000007,Seven,7\n"
    )
    report = read_report(
        file(text), "Account", lambda _, row: "is not wanted" if row["Name"] == "Seven" else None
    )
    assert [row["Name"] for row in report.rows] == ["One", "Two\nlines"]
    assert [line for line, _ in report.problems] == [5, 6, 7, 8, 9]
    reasons = [reason for _, reason in report.problems]
    assert "'003000000000003' is no id of Account" in reasons[0]
    assert reasons[1] == "has 2 cells where the header has 3; is a quote or delimiter missing?"
    assert reasons[2] == "has the id of line 2"
    assert reasons[3] == "Number Of Employees is no number: 'many'"
    assert reasons[4] == "is not wanted"
    assert report.told()[-1].endswith("report.csv:9: is not wanted")


def test_empty_lines_and_the_footer_of_a_report_are_left_out(file):
    text = (
        "Account Name,Phone\nAcme,1\n,\nBeta,2\n\n\n"
        '"All Accounts"\n"Copyright (c) 2000-2026"\n"Confidential Information - Do Not Distribute"\n'
    )
    report = read_report(file(text), "Account", accepted)
    assert [row["Name"] for row in report.rows] == ["Acme", "Beta"]
    assert report.problems == []


def test_a_row_without_an_id_gets_the_same_one_every_time(file):
    text = "Account Name,Phone\nAcme,1\nAcme,1\nBeta,2\n"
    first, again = (read_report(file(text), "Account", accepted).rows for _ in range(2))
    assert first == again
    ids = [row["Id"] for row in first]
    assert len(set(ids)) == 3
    assert all(len(key) == 18 and key.startswith("001") for key in ids)
    (other,) = read_report(file("Account Name,Phone\nBeta,2\n"), "Account", accepted).rows
    assert other["Id"] == ids[2]


@pytest.mark.parametrize(
    "header, value",
    [
        ("Account ID", "001000000000001"),
        ("AccountId", "001000000000001AAA"),
        ("Account Number", "a-1"),
        ("Account Name", "ACME"),
    ],
)
def test_a_contact_finds_its_account_by_id_number_or_name(file, header, value):
    accounts = file("Account ID,Account Number,Account Name\n001000000000001,A-1,Acme\n", "accounts.csv")
    contacts = file(f"Last Name,{header}\nHopper,{value}\nAlone,\n", "contacts.csv")
    linked, alone = read_reports(accounts, contacts, accepted)[1].rows
    assert linked["AccountId"] == "001000000000001AAA"
    assert "AccountId" not in alone


def test_the_id_decides_where_a_contact_names_its_account_twice(file):
    accounts = file("Account ID,Account Name\n001000000000001,Acme\n001000000000002,Beta\n", "accounts.csv")
    contacts = file("Last Name,Account Name,Account ID\nHopper,Acme,001000000000002\n", "contacts.csv")
    assert read_reports(accounts, contacts, accepted)[1].rows[0]["AccountId"] == "001000000000002AAA"


def test_a_contact_whose_account_is_not_found_or_not_clear_is_told_and_loaded_alone(file):
    accounts = file("Account Name,Phone\nAcme,1\nAcme,2\n", "accounts.csv")
    contacts = file("Last Name,Account Name\nHopper,Acme\nKay,Beta\n", "contacts.csv")
    report = read_reports(accounts, contacts, accepted)[1]
    assert ["AccountId" in row for row in report.rows] == [False, False]
    assert report.problems == [
        (2, "2 accounts have the Name 'Acme'; loaded without an account"),
        (3, "no account has the Name 'Beta'; loaded without an account"),
    ]


@pytest.mark.parametrize(
    "text, said",
    [
        ("", "no header"),
        (",,\nAcme,1,2\n", "no header"),
        ("Phone\n1\n", "needs a column Name (or Name)"),
        ("Name,Account Name\nAcme,Acme\n", "more than one column means Name"),
    ],
)
def test_a_file_that_is_no_report_is_refused_with_what_it_needs(file, text, said):
    with pytest.raises(BadSheet) as refusal:
        read_report(file(text), "Account", accepted)
    assert said in str(refusal.value)
    assert "report.csv:1" in str(refusal.value)


def test_a_file_that_is_not_there_is_refused_by_name(tmp_path):
    with pytest.raises(BadSheet, match=r"nowhere\.csv: cannot be read: No such file"):
        read_sheet(tmp_path / "nowhere.csv")
